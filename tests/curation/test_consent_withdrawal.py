"""Withdrawn consent takes a person's entries out at once, and what was made of them soon."""

from __future__ import annotations

import pytest

from curation.models import (
    Candidate,
    EntryState,
    LogEntry,
    PreferencePair,
    ReviewState,
    Rule,
)
from curation.queues import overview_counts, pair_list, rule_list
from curation.selectors import human_pairs
from curation.services.consent import consent_sync, withdrawn_entries
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def learned(alice: User) -> LogEntry:
    entry = LogEntryFactory(user=alice, state=EntryState.DISTILLED, cluster=ClusterFactory())
    RuleFactory(entry=entry)
    PairFactory(entry=entry)
    Candidate.objects.create(entry=entry, text="A revision.")
    return entry


def withdraw(user: User) -> None:
    user.training_consent = False
    user.save()


def test_every_selector_forgets_at_once(learned: LogEntry, alice: User, curator: User) -> None:
    withdraw(alice)
    assert not LogEntry.objects.visible_to(curator).exists()
    assert not rule_list(curator).exists()
    assert not pair_list(curator).exists()
    assert human_pairs() == []
    assert {overview_counts()[name] for name in ("entries", "rules", "pairs")} == {0}


def test_what_was_made_is_deleted_and_the_entry_is_undone(learned: LogEntry, alice: User) -> None:
    withdraw(alice)
    report = consent_sync()
    assert report["entries"] == 1
    assert not (Rule.objects.exists() or PreferencePair.objects.exists())
    assert not Candidate.objects.exists()
    learned.refresh_from_db()
    assert (learned.state, learned.cluster) == (EntryState.PENDING, None)
    assert not withdrawn_entries().exists()


def test_others_keep_theirs(learned: LogEntry, bob: User) -> None:
    withdraw(bob)
    assert consent_sync()["entries"] == 0
    assert Rule.objects.count() == 1


def test_a_rule_merged_into_a_withdrawn_one_inherits_its_decision(
    learned: LogEntry, alice: User
) -> None:
    standing = learned.rules.get()
    standing.state = ReviewState.APPROVED
    standing.save()
    heir, other = (
        RuleFactory(state=ReviewState.MERGED, merged_into=standing, text="Keep it short.")
        for _ in range(2)
    )
    withdraw(alice)
    consent_sync()
    heir.refresh_from_db()
    other.refresh_from_db()
    assert (heir.state, heir.merged_into) == (ReviewState.APPROVED, None)
    assert (other.state, other.merged_into) == (ReviewState.MERGED, heir)


def test_a_rule_whose_target_was_deleted_is_reviewed_again(learned: LogEntry) -> None:
    orphan = RuleFactory(state=ReviewState.MERGED, merged_into=learned.rules.get())
    learned.delete()
    assert consent_sync()["reopened"] == 1
    orphan.refresh_from_db()
    assert orphan.state == ReviewState.PROPOSED
