"""Trusted kinds pass by themselves; what is flagged never does."""

from __future__ import annotations

import pytest

from curation.models import (
    CurationPolicy,
    PairSource,
    PreferencePair,
    ReviewState,
    Rule,
    RuleKind,
)
from curation.services import opinions, review
from curation.services.review import approve_all, auto_approve
from curation.services.review_actions import action_run, action_undo
from tests.factories import PairFactory, RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db


def state(item: object) -> str:
    item.refresh_from_db()
    return item.state


def test_nothing_passes_by_default() -> None:
    rule = RuleFactory()
    assert auto_approve() == {"rules": 0, "pairs": 0}
    assert state(rule) == ReviewState.PROPOSED


def test_only_the_trusted_kinds_pass() -> None:
    policy = CurationPolicy.current()
    policy.auto_approve_rules = ["edit"]
    policy.auto_approve_pairs = [PairSource.USER_EDIT]
    policy.save()
    edit, said = RuleFactory(strategy="edit"), RuleFactory(strategy="extractive")
    mine, revision = PairFactory(), PairFactory(source=PairSource.REVISION)
    assert auto_approve() == {"rules": 1, "pairs": 1}
    assert [state(item) for item in (edit, said, mine, revision)] == [
        ReviewState.APPROVED,
        ReviewState.PROPOSED,
        ReviewState.APPROVED,
        ReviewState.PROPOSED,
    ]
    assert edit.is_auto_approved
    assert edit.reviewed_by is None


def test_flagged_and_decided_things_are_left() -> None:
    flagged = RuleFactory(flags=["not_grounded"])
    rejected = RuleFactory(state=ReviewState.REJECTED)
    prior = RuleFactory(kind=RuleKind.PRIOR)
    approve_all()
    assert state(flagged) == ReviewState.PROPOSED
    assert state(rejected) == ReviewState.REJECTED
    assert state(prior) == ReviewState.PROPOSED


@pytest.fixture
def trusted() -> tuple[Rule, PreferencePair]:
    """A rule and a pair of kinds that the policy trusts, approved by it."""
    policy = CurationPolicy.current()
    policy.auto_approve_rules = ["edit"]
    policy.auto_approve_pairs = [PairSource.USER_EDIT]
    policy.save()
    rule, pair = RuleFactory(strategy="edit"), PairFactory()
    auto_approve()
    return Rule.objects.get(pk=rule.pk), PreferencePair.objects.get(pk=pair.pk)


def test_what_is_to_be_reviewed_again_waits_for_a_person(
    trusted: tuple[Rule, PreferencePair], curator: User
) -> None:
    for item in trusted:
        review.item_reopen(item=item, by=curator)
    assert auto_approve() == approve_all() == {"rules": 0, "pairs": 0}
    for item in trusted:
        assert state(item) == ReviewState.PROPOSED
        assert review.item_approve(item=item, by=curator).state == ReviewState.APPROVED


def test_what_is_undone_waits_for_a_person(curator: User) -> None:
    for noun, item in (("rules", RuleFactory(strategy="edit")), ("pairs", PairFactory())):
        done = action_run(verb="reject", noun=noun, item=item, by=curator)
        action_undo(action=done.action, by=curator)
        assert state(item) == ReviewState.PROPOSED
    assert approve_all() == {"rules": 0, "pairs": 0}


def test_what_two_were_asked_about_waits_for_a_person(
    trusted: tuple[Rule, PreferencePair], curator: User
) -> None:
    for item in trusted:
        opinions.opinion_ask(item=item, by=curator)
        opinions.opinion_call_off(item=item, by=curator)
    assert auto_approve() == {"rules": 0, "pairs": 0}
