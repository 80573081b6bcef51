"""A model's JSON becomes rules: what counts as a rule, what as none, what as broken (UNO §1)."""

from __future__ import annotations

import json

import pytest

from curation.roles.distillers import parse_rules


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["Be brief.", "Say hello."], ["Be brief.", "Say hello."]),  # in the order given
        (["  Be\n\n brief. "], ["Be brief."]),  # white space evened out
        (["", " \n", "Be brief."], ["Be brief."]),  # an empty string is no rule
        (["Be brief.", "Be brief."], ["Be brief.", "Be brief."]),  # repetitions go later
        ([], []),  # nothing to learn is an answer, not an error
    ],
)
def test_rules_of_the_schema(rules: list[str], expected: list[str]) -> None:
    assert parse_rules(json.dumps({"rules": rules})) == expected


def test_other_keys_are_ignored_and_text_is_kept_as_written() -> None:
    text = '{"thought": "short", "rules": ["Schreibe „du“, nie “Sie”."]}'
    assert parse_rules(text) == ["Schreibe „du“, nie “Sie”."]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Here are the rules: ...",
        '{"rules": ["a"]} and more',
        '{"rules": null}',
        '{"rules": {"0": "a"}}',
        '{"rules": ["a", ["b"]]}',
        '{"rules": ["a", null]}',
        '{"Rules": ["a"]}',
        '"rules"',
        "7",
    ],
)
def test_what_breaks_the_schema_is_not_guessed_at(text: str) -> None:
    assert parse_rules(text) is None
