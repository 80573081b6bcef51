"""The generative distiller: valid rules are kept, doubtful ones flagged, nothing is dropped."""

from __future__ import annotations

import json

import pytest

from curation.roles.bindings import BoundModel
from curation.roles.distillers import GenerativeDistiller, parse_rules
from curation.services.flags import INVALID_OUTPUT, NOTHING_ACTIONABLE
from tests.factories import LogEntryFactory
from tests.scripted import ScriptedClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


def distil(reply: str, **values: object) -> object:
    entry = LogEntryFactory(**values)
    distiller = GenerativeDistiller(BoundModel(ScriptedClient(reply), "writer"))
    return distiller.distil([entry])[0]


def test_a_grounded_rule_passes_with_its_provenance() -> None:
    [rule] = distil(json.dumps({"rules": ["Keep the answer brief."]})).rules
    assert (rule.text, rule.flags) == ("Keep the answer brief.", ())
    assert rule.prompt_ref.startswith("distiller/feedback_rules@")
    assert rule.model == "writer"


def test_a_rule_out_of_nothing_is_flagged_and_kept() -> None:
    [rule] = distil(json.dumps({"rules": ["Mention the price of tulips."]})).rules
    assert rule.flags == ("not_grounded",)


def test_babble_is_flagged_as_degenerate() -> None:
    [rule] = distil(json.dumps({"rules": ["1.1.1.1.1.1"]})).rules
    assert rule.flags == ("degenerate",)


def test_output_that_is_no_json_is_flagged_on_the_entry() -> None:
    result = distil("Sure! Here are the rules.")
    assert (result.rules, result.flags) == ([], [INVALID_OUTPUT])


def test_no_rules_says_why() -> None:
    assert distil('{"rules": []}').flags == [NOTHING_ACTIONABLE]


def test_prior_rules_are_at_most_five() -> None:
    rules = [f"Rule about topic number {n}." for n in range(9)]
    assert len(distil(json.dumps({"rules": rules})).prior_rules) == 5


def test_an_edit_gives_rules_although_nothing_was_said() -> None:
    result = distil('{"rules": []}', feedback=[], correction="Hi, it is short. Cheers, Ana")
    assert [rule.strategy for rule in result.rules] == ["edit"] * len(result.rules)
    assert any("Hi" in rule.text for rule in result.rules)


@pytest.mark.parametrize("text", ["[]", "{}", '{"rules": "x"}', '{"rules": [1]}', "{"])
def test_what_does_not_follow_the_schema_is_invalid(text: str) -> None:
    assert parse_rules(text) is None
