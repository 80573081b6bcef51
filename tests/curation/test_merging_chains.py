"""Merged rules always reach the rule that stands for them, whatever curators do meanwhile."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from django.apps import apps

from curation.models import ReviewState, Rule
from curation.selectors import entry_rules
from curation.services import review
from curation.services.merging import rules_merge
from curation.services.review_actions import action_run, action_undo
from tests.factories import RuleFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
TEXT = "Keep it short."


def stands_for(rule: Rule) -> list[Rule]:
    return entry_rules([rule.entry])[rule.entry_id]


def test_rules_follow_the_one_that_stood_for_them_into_another(
    scripted: ScriptedClient, curator: User
) -> None:
    first = RuleFactory(text=TEXT)
    others = [RuleFactory(text=TEXT), RuleFactory(text=TEXT)]
    rules_merge()
    first.refresh_from_db()
    rejected = action_run(verb="reject", noun="rules", item=first, by=curator)
    late = RuleFactory(text=TEXT)
    assert rules_merge() == 0
    action_undo(action=rejected.action, by=curator)
    assert rules_merge() == 0  # what a person put back waits for a person
    assert [stands_for(rule) for rule in (first, *others)] == [[first]] * 3
    Rule.objects.filter(pk=first.pk).update(is_put_back=False, embedding=None)
    assert rules_merge() == 1
    assert [stands_for(rule) for rule in (first, *others)] == [[late]] * 3
    for rule in others:
        rule.entry.refresh_from_db()
        assert rule.entry.has_new_rules


def interrupt(scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch, act: object) -> None:
    """Let somebody act while the embedder is at work, once."""
    embed = scripted.embed

    def slow(texts: list[str]) -> np.ndarray:
        monkeypatch.setattr(scripted, "embed", embed)
        act()
        return embed(texts)

    monkeypatch.setattr(scripted, "embed", slow)


def test_nothing_joins_a_rule_that_is_rejected_meanwhile(
    scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch, curator: User
) -> None:
    target = RuleFactory(text=TEXT)
    rules_merge()
    new, newer = RuleFactory(text=TEXT), RuleFactory(text=TEXT)
    target.refresh_from_db()
    interrupt(scripted, monkeypatch, lambda: review.item_reject(item=target, by=curator))
    assert rules_merge() == 0
    assert stands_for(new) == [new]
    assert rules_merge() == 1
    assert stands_for(newer) == [new]


def test_nothing_joins_a_rule_that_is_edited_meanwhile(
    scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch, curator: User
) -> None:
    target = RuleFactory(text=TEXT)
    rules_merge()
    new = RuleFactory(text=TEXT)
    target.refresh_from_db()
    edit = lambda: review.rule_edit(rule=target, text="Name the price.", by=curator)  # noqa: E731
    interrupt(scripted, monkeypatch, edit)
    assert rules_merge() == 0
    assert stands_for(new) == [new]


def test_the_migration_flattens_the_chains_that_are_there() -> None:
    end = RuleFactory(state=ReviewState.APPROVED)
    middle = RuleFactory(state=ReviewState.MERGED, merged_into=end)
    chained = RuleFactory(state=ReviewState.MERGED, merged_into=middle)
    longer = RuleFactory(state=ReviewState.MERGED, merged_into=chained)
    import_module("curation.migrations.0010_flatten_merged_rules").flatten(apps, None)
    assert [stands_for(rule) for rule in (middle, chained, longer)] == [[end]] * 3
    longer.entry.refresh_from_db()
    assert longer.entry.has_new_rules


def test_a_rule_that_a_person_put_back_joins_no_other(scripted: ScriptedClient) -> None:
    RuleFactory(text="Be brief.", state=ReviewState.APPROVED)
    back = RuleFactory(text="Be brief.", is_put_back=True)
    assert rules_merge() == 0
    back.refresh_from_db()
    assert back.state == ReviewState.PROPOSED
