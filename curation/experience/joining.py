"""Notes become one, and several again: evidence, counters, and the questions they are for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chat.experience.models import Evidence, Experience, Matching, RefineRun, RevisionAction
from curation.experience.changes import experience_change
from curation.experience.questions import questions_of
from curation.ml.experience.widening import MIN_ANYTHING, common_words

SAME_WISH = "same_wish"
"""Why a note joins one that is to be for more questions."""


def notes_join(note: Experience, other: Experience, run: RefineRun, by: Any) -> None:
    """Give the note that stays the evidence and the counters of the one that goes."""
    experience_change(
        other,
        RevisionAction.MERGED,
        by=by,
        run=run,
        hits=other.hits + note.hits,
        helpful=other.helpful + note.helpful,
        harmful=other.harmful + note.harmful,
        importance=max(other.importance, note.importance),
        last_used=_latest(other.last_used, note.last_used),
    )
    evidence_copy(note, other)


def note_widen(note: Experience, matching: Matching, run: RefineRun, by: Any) -> bool:
    """Let a note that others joined be for all questions of their sort; whether it could.

    The words are read from the questions as they are now: a plan keeps no text.
    """
    joined = Experience.objects.filter(
        superseded_by=note, revisions__run=run, revisions__reason=SAME_WISH
    )
    asked = questions_of([note, *joined.distinct()])
    questions = {question for found in asked.values() for question in found}
    words = common_words(questions) if matching == Matching.WORDS else ()
    if not words and (matching == Matching.WORDS or len(questions) < MIN_ANYTHING):
        return False
    change = {"matching": matching, "trigger": " ".join(words)}
    experience_change(note, RevisionAction.WIDENED, by=by, run=run, **change)
    return True


def evidence_copy(note: Experience, other: Experience) -> None:
    """Let ``other`` rest on what ``note`` rests on as well."""
    rows = [
        Evidence(
            experience=other,
            episode_id=row.episode_id,
            message_id=row.message_id,
            start=row.start,
            end=row.end,
            is_for=row.is_for,
        )
        for row in note.evidence.all()
    ]
    Evidence.objects.bulk_create(rows, ignore_conflicts=True)


def _latest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time), default=None)


def notes_unjoin(merges: Iterable[dict[str, Any]]) -> None:
    """Take the evidence of a merged note away from the one that had taken it."""
    for item in merges:
        for row in Evidence.objects.filter(experience=item["experience"]):
            Evidence.objects.filter(
                experience=item["other"],
                episode_id=row.episode_id,
                message_id=row.message_id,
                start=row.start,
                end=row.end,
            ).delete()
