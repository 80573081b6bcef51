"""A role goes to the first strategy that passes its check, or to its fallback."""

from __future__ import annotations

import json

import pytest

from curation.models import RoleCheck, RoleName
from curation.roles.bindings import binding_get, binding_update, bound_model
from curation.roles.checks import role_check
from curation.roles.overview import roles_overview
from curation.roles.resolve import active_strategy, resolve_distiller
from curation.roles.samples import load_samples
from curation.roles.writer_checks import obeys
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.errors import InvalidInput
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatRequest

pytestmark = pytest.mark.django_db
DEAD_URL = "http://127.0.0.1:9"


def able_model(request: ChatRequest) -> str:
    """Writes the sentence of the feedback as its rule, and nothing for mere thanks."""
    for row in load_samples("distiller_feedback"):
        if row["feedback"] in request.messages[-1].content:
            return json.dumps({"rules": [row["feedback"]] if row["has_rules"] else []})
    return json.dumps({"rules": []})


def test_an_able_model_distils_itself(scripted: ScriptedClient) -> None:
    scripted.reply = able_model
    binding = role_check(RoleName.DISTILLER)
    check = binding.checks.get(strategy="generative")
    assert binding.active == "generative"
    assert (check.figure, check.n, check.has_passed) == (1.0, 12, True)
    assert resolve_distiller().strategy == "generative"


def test_a_babbling_model_is_replaced_and_the_page_says_so(scripted: ScriptedClient) -> None:
    scripted.reply = '{"rules": ["rule1"]}'
    assert active_strategy(RoleName.DISTILLER) == "extractive"
    check = RoleCheck.objects.get(strategy="generative")
    assert (check.figure, check.has_passed) == (0.0, False)
    assert "rule1" in check.detail
    [distiller, *_] = roles_overview()
    assert distiller.is_fallback
    assert distiller.active.fallback


def test_a_hopeless_check_stops_early(scripted: ScriptedClient) -> None:
    scripted.reply = '{"rules": ["rule1"]}'
    role_check(RoleName.DISTILLER)
    assert RoleCheck.objects.get(strategy="generative").n < len(load_samples("distiller_feedback"))


def test_a_role_is_checked_once(scripted: ScriptedClient) -> None:
    scripted.reply = able_model
    active_strategy(RoleName.DISTILLER)
    active_strategy(RoleName.DISTILLER)
    assert RoleCheck.objects.filter(strategy="generative").count() == 1


def test_what_an_admin_asks_for_is_used_if_it_may_be(scripted: ScriptedClient, admin: User) -> None:
    scripted.reply = able_model
    binding = binding_get(RoleName.DISTILLER)
    binding_update(binding=binding, values={"requested": "extractive"}, by=admin)
    assert active_strategy(RoleName.DISTILLER) == "extractive"
    scripted.reply = '{"rules": ["rule1"]}'
    binding_update(binding=binding, values={"requested": "generative"}, by=admin)
    assert active_strategy(RoleName.DISTILLER) == "extractive"


def test_an_unreachable_url_is_told_and_the_fallback_stays(
    scripted: ScriptedClient, admin: User
) -> None:
    binding = binding_get(RoleName.DISTILLER)
    binding_update(binding=binding, values={"engine_url": DEAD_URL, "model": "x"}, by=admin)
    assert active_strategy(RoleName.DISTILLER) == "extractive"
    binding.refresh_from_db()
    assert DEAD_URL in binding.error
    assert not binding.checks.get(strategy="generative").has_passed


def test_without_the_served_engine_nothing_is_decided(scripted: ScriptedClient) -> None:
    binding = binding_get(RoleName.DISTILLER)
    binding.active = "generative"
    binding.save()
    scripted.health = lambda: (_ for _ in ()).throw(EngineUnreachable("Nobody answers."))
    with pytest.raises(EngineUnreachable):
        role_check(RoleName.DISTILLER)
    binding.refresh_from_db()
    assert (binding.active, binding.checked_at) == ("generative", None)


def test_no_reranker_and_no_prior_rules_leave_the_likelihood_gap(scripted: ScriptedClient) -> None:
    binding = role_check(RoleName.GAP_SCORER)
    assert binding.active == "likelihood_gap"
    assert "no reranker" in binding.checks.get(strategy="reranker").detail


def test_an_unknown_strategy_is_refused(admin: User) -> None:
    with pytest.raises(InvalidInput, match="extractive"):
        binding_update(
            binding=binding_get(RoleName.DISTILLER), values={"requested": "magic"}, by=admin
        )


def test_the_stored_token_stays_unless_the_url_changes(admin: User) -> None:
    binding = binding_get(RoleName.JUDGE)
    values = {"engine_url": DEAD_URL, "engine_token": "secret"}
    binding_update(binding=binding, values=values, by=admin)
    binding_update(binding=binding, values={"engine_url": DEAD_URL, "engine_token": ""}, by=admin)
    assert binding_get(RoleName.JUDGE).engine_token == "secret"
    elsewhere = {"engine_url": "http://127.0.0.1:10", "engine_token": ""}
    binding_update(binding=binding, values=elsewhere, by=admin)
    assert binding_get(RoleName.JUDGE).engine_token == ""


def test_the_served_model_is_the_default(scripted: ScriptedClient, settings: object) -> None:
    assert bound_model(RoleName.JUDGE).model == settings.UNO.base_model
    assert bound_model(RoleName.JUDGE).client is scripted


@pytest.mark.parametrize(
    ("text", "check", "expected"),
    [
        ("One short sentence about it.", {"max_words": 5}, True),
        ("One short sentence about it.", {"max_words": 4}, False),
        ("- one thing\n- another thing\n- a third", {"min_bullets": 3}, True),
        ("Hi all, we meet on Friday.", {"starts_with": "hi all,"}, True),
        ("It takes Minutes to boil.", {"contains": ["minute"]}, True),
        ("lower case only here", {"is_lower": True}, True),
        ("Not lower case here", {"is_lower": True}, False),
        ("", {"max_words": 5}, False),
    ],
)
def test_whether_a_revision_obeys(text: str, check: dict[str, object], expected: bool) -> None:
    assert obeys(text, check) is expected
