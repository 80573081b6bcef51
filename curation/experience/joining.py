"""Two notes become one, and two again: evidence and counters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chat.experience.models import Evidence, Experience, RefineRun, RevisionAction
from curation.experience.changes import experience_change


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
