"""Rules that say the same become one; opposite wishes of one entry are flagged."""

from __future__ import annotations

import pytest

from curation.models import ReviewState
from curation.selectors import entry_rules
from curation.services.flags import CONTRADICTION
from curation.services.merging import rules_merge
from tests.factories import RuleFactory
from tests.scripted import ScriptedClient

pytestmark = pytest.mark.django_db


def test_the_same_words_in_two_entries_become_one_rule(scripted: ScriptedClient) -> None:
    first = RuleFactory(text="Keep it short.")
    second = RuleFactory(text="keep it short")
    assert rules_merge() == 1
    second.refresh_from_db()
    assert (second.state, second.merged_into) == (ReviewState.MERGED, first)
    assert entry_rules([second.entry])[second.entry_id] == [first]


def test_different_rules_stay(scripted: ScriptedClient) -> None:
    RuleFactory(text="Keep it short.")
    RuleFactory(text="Name the source.")
    assert rules_merge() == 0


def test_a_new_rule_joins_the_approved_one(scripted: ScriptedClient) -> None:
    RuleFactory(text="Keep it short.", state=ReviewState.REJECTED)
    approved = RuleFactory(text="Keep it short.", state=ReviewState.APPROVED)
    new = RuleFactory(text="Keep it short.")
    assert rules_merge() == 1
    new.refresh_from_db()
    assert new.merged_into == approved


def test_a_flagged_rule_stands_for_itself(scripted: ScriptedClient) -> None:
    RuleFactory(text="Keep it short.")
    flagged = RuleFactory(text="Keep it short.", flags=["not_grounded"])
    assert rules_merge() == 0
    flagged.refresh_from_db()
    assert flagged.state == ReviewState.PROPOSED


def test_opposite_wishes_of_one_entry_are_flagged(scripted: ScriptedClient) -> None:
    one = RuleFactory(text="Keep the answer shorter.")
    other = RuleFactory(entry=one.entry, text="Give a longer answer.")
    assert rules_merge() == 0
    for rule in (one, other):
        rule.refresh_from_db()
        assert rule.flags == [CONTRADICTION]


def test_merging_again_changes_nothing(scripted: ScriptedClient) -> None:
    RuleFactory(text="Keep it short.")
    RuleFactory(text="Keep it short.")
    rules_merge()
    assert rules_merge() == 0
