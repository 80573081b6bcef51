"""Which rules a program can check, and what it says of a reply."""

from __future__ import annotations

import pytest

from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from curation.ml.rule_checks import obeys_rule, rules_obeyed


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ('Begin with "Hi,".', "Hi,\nsee you.", "Dear Ana,\nsee you."),
        ('End with "Cheers, Ana".', "See you.\nCheers,\nAna", "See you.\nYours, Bo"),
        ('Use at most 2 bullets that start with "- ".', "- one\n- two", "- one\n- two\n- three"),
        ('Use at most 1 bullet that start with "- ".', "- one", "* one"),
        ('Use bullets that start with "* ".', "* one\n* two", "one\ntwo"),
        ("Use at most 2 sentences.", "It rains. We stay.", "It rains. We stay. You go."),
        ("Write in lower case.", "it rains.", "It rains."),
        ("Write in upper case.", "IT RAINS.", "IT rains."),
        ("Leave out the subject line.", "It rains.", "Subject: rain\nIt rains."),
        ("Start directly, without an introduction.", "It rains.", "Sure, it rains."),
        ("Write in plain text, without headings or bold.", "It rains.", "It **rains**."),
        ("Use emojis.", "Rain 🌧", "Rain"),
        ("Avoid emojis.", "Rain", "Rain 🌧"),
        ('Include "umbrella".', "Take your Umbrella.", "Take your coat."),
        ('Leave out "umbrella".', "Take your coat.", "Take your umbrella."),
        ('Write "coat" instead of "jacket".', "Take your coat.", "Take your jacket."),
    ],
)
def test_a_rule_is_kept_or_broken(rule: str, kept: str, broken: str) -> None:
    assert obeys_rule(rule, kept) is True
    assert obeys_rule(rule, broken) is False


def test_an_empty_reply_obeys_nothing() -> None:
    assert obeys_rule("Avoid emojis.", "  ") is False


@pytest.mark.parametrize("rule", ["Be kinder.", "Keep the answer shorter.", ""])
def test_what_no_program_can_check_stays_open(rule: str) -> None:
    assert obeys_rule(rule, "Anything.") is None


def test_the_share_leaves_open_rules_out() -> None:
    rules = ["Be kinder.", 'Begin with "Hi,".', "Avoid emojis."]
    assert rules_obeyed(rules, "Hello 🌧") == 0.0
    assert rules_obeyed(rules, "Hi, there") == 1.0
    assert rules_obeyed(rules, "Hi, 🌧") == 0.5
    assert rules_obeyed(["Be kinder."], "Hi,") is None


def test_a_correction_obeys_the_rules_that_are_read_off_it() -> None:
    reply = "Subject: Rain\nDear Sir,\nIt rains a lot today. We stay at home. So do you. And they."
    corrected = "Hi,\nit rains, so we stay.\nCheers, Ana"
    rules = [rule.text for rule in rules_from_edit(Correction(reply, corrected))]
    assert rules_obeyed(rules, corrected) == 1.0
    assert rules_obeyed(rules, reply) == 0.0
