"""Entries are claimed, stored once, and taken up again after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from curation.models import EntryState, LogEntry
from curation.roles.distillers import Distilled, RuleDraft
from curation.services import distilling
from curation.services.distilling import (
    STALE_AFTER,
    DistilReport,
    entries_claim,
    entries_distil,
    entries_retry,
    entry_finish,
)
from tests.factories import LogEntryFactory, UserFactory
from uno_site.inference.errors import EngineRefused, EngineUnreachable

pytestmark = pytest.mark.django_db


class ScriptedDistiller:
    """Gives every entry one rule, or fails for those whose query says so."""

    strategy = "scripted"

    def distil(self, entries: Sequence[LogEntry]) -> list[Distilled]:
        for entry in entries:
            if entry.query == "gone":
                raise EngineUnreachable("Nobody answers.")
            if entry.query == "too long":
                raise EngineRefused("The prompt is too long.")
        return [
            Distilled([] if e.query == "thanks" else [RuleDraft("Be brief.", "scripted")])
            for e in entries
        ]


def test_every_pending_entry_ends_in_a_state() -> None:
    for query in ("a", "b", "thanks", "too long"):
        LogEntryFactory(query=query)
    report = entries_distil(distiller=ScriptedDistiller())
    assert (report.n_distilled, report.n_no_rules, report.n_failed) == (2, 1, 1)
    failed = LogEntry.objects.get(query="too long")
    assert failed.state == EntryState.FAILED
    assert "too long" in failed.error
    assert LogEntry.objects.get(query="a").rules.get().text == "Be brief."


def test_a_claimed_entry_is_not_given_twice() -> None:
    LogEntryFactory()
    assert len(entries_claim()) == 1
    assert entries_claim() == []


def test_a_stale_claim_is_taken_up_again() -> None:
    LogEntryFactory()
    [entry] = entries_claim()
    late = timezone.now() - STALE_AFTER - timedelta(seconds=1)
    LogEntry.objects.update(claimed_at=late)
    [again] = entries_claim()
    assert again.pk == entry.pk
    assert again.claim != entry.claim


def test_a_result_for_a_lost_claim_is_thrown_away() -> None:
    LogEntryFactory()
    [entry] = entries_claim()
    LogEntry.objects.update(claim="somebody else")
    result = Distilled([RuleDraft("Too late.", "scripted")])
    assert not entry_finish(entry, result, DistilReport("scripted"))
    assert not entry.rules.exists()
    assert LogEntry.objects.get().state == EntryState.PENDING


def test_an_engine_that_is_gone_leaves_the_entries_pending() -> None:
    LogEntryFactory(query="gone")
    with pytest.raises(EngineUnreachable):
        entries_distil(distiller=ScriptedDistiller())
    entry = LogEntry.objects.get()
    assert (entry.state, entry.claim) == (EntryState.PENDING, "")


def test_excluded_and_withdrawn_entries_are_not_distilled() -> None:
    LogEntryFactory(is_excluded=True)
    LogEntryFactory(user=UserFactory(training_consent=False))
    assert not distilling.pending_entries().exists()


def test_a_failed_entry_can_be_put_back() -> None:
    entry = LogEntryFactory(state=EntryState.FAILED, error="bad")
    assert entries_retry(entries=LogEntry.objects.all()) == 1
    entry.refresh_from_db()
    assert (entry.state, entry.error) == (EntryState.PENDING, "")
