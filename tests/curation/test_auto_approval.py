"""Trusted kinds pass by themselves; what is flagged never does."""

from __future__ import annotations

import pytest

from curation.models import CurationPolicy, PairSource, ReviewState, RuleKind
from curation.services.review import approve_all, auto_approve
from tests.factories import PairFactory, RuleFactory

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
