"""The better answer: the user's own, then a preferred reply, then a judged revision."""

from __future__ import annotations

import pytest

from curation.models import Candidate, EntryState, LogEntry, PairSource, PreferencePair
from curation.services.flags import NOT_JUDGED, NOTHING_CHANGED
from curation.services.pairing import pairs_update
from tests.factories import LogEntryFactory

pytestmark = pytest.mark.django_db


def distilled(**values: object) -> LogEntry:
    return LogEntryFactory(state=EntryState.DISTILLED, **values)


def test_the_users_edit_comes_first() -> None:
    entry = distilled(correction="Hi, short. Cheers, Ana", preferred_sibling="Another reply.")
    Candidate.objects.create(entry=entry, text="A revision.", score=10.0)
    assert pairs_update() == 1
    pair = PreferencePair.objects.get()
    assert (pair.source, pair.chosen) == (PairSource.USER_EDIT, "Hi, short. Cheers, Ana")
    assert pair.rejected == entry.response
    assert pair.is_human


def test_a_preferred_sibling_comes_next() -> None:
    distilled(preferred_sibling="Another reply.")
    pairs_update()
    assert PreferencePair.objects.get().source == PairSource.REGENERATED


def test_the_best_judged_revision_comes_last() -> None:
    entry = distilled()
    Candidate.objects.create(entry=entry, text="A weak revision.", score=3.0)
    Candidate.objects.create(
        entry=entry, text="A good revision of it.", score=8.0, model="m", prompt_ref="reviser/x@1"
    )
    pairs_update()
    pair = PreferencePair.objects.get()
    assert (pair.source, pair.chosen, pair.score) == (
        PairSource.REVISION,
        "A good revision of it.",
        8.0,
    )
    assert (pair.model, pair.prompt_ref) == ("m", "reviser/x@1")
    assert not pair.is_human


def test_an_unjudged_revision_makes_no_pair_and_is_flagged() -> None:
    entry = distilled()
    Candidate.objects.create(entry=entry, text="A revision.")
    assert pairs_update() == 0
    entry.refresh_from_db()
    assert entry.flags == [NOT_JUDGED]


def test_white_space_is_no_edit() -> None:
    entry = distilled(response="One two.", correction="One  two. ")
    assert pairs_update() == 0
    entry.refresh_from_db()
    assert entry.flags == [NOTHING_CHANGED]


def test_an_entry_without_rules_makes_no_pair() -> None:
    LogEntryFactory(state=EntryState.NO_RULES, correction="Hi, short. Cheers, Ana")
    assert pairs_update() == 0


def test_pairing_again_adds_nothing() -> None:
    distilled(correction="Hi, short. Cheers, Ana")
    pairs_update()
    assert pairs_update() == 0


def test_a_persons_brief_answer_is_not_flagged() -> None:
    distilled(response=" ".join(f"word{n}" for n in range(40)), correction="Hi")
    pairs_update()
    assert PreferencePair.objects.get().flags == []


def test_a_correction_that_goes_in_circles_is_flagged() -> None:
    distilled(correction="the heating is broken " * 12)
    pairs_update()
    assert PreferencePair.objects.get().flags == ["repetitive"]
