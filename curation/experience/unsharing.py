"""Sharing taken back: the note is its owner's again, and those that became one with it serve."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from chat.experience.models import Evidence, Experience, Revision, RevisionAction, Scope, Status
from curation.experience.changes import experience_change, revision_undo
from curation.experience.joining import notes_unjoin
from curation.experience.promotion import SHARED, tombstone_add


def is_final(revision: Revision) -> bool:
    """Whether a change of whom a note serves cannot be taken back: that would share it without any
    of the checks, or give it to somebody who is gone."""
    if "scope" not in revision.before:
        return False
    owner = revision.before.get("owner_id")
    is_owner_gone = owner is not None and not get_user_model().objects.filter(pk=owner).exists()
    return revision.action == RevisionAction.RESTORED or is_owner_gone


@transaction.atomic
def promotion_undo(note: Experience, revision: Revision, *, by: Any) -> None:
    """Take back the promotion that is a note's latest change: whom it serves, the evidence that it
    took over, and the end of the notes that said the same.

    Raises
    ------
    Conflict
        Somebody changed it since.
    """
    tombstone_add(note, "recalled")
    revision_undo(revision, by=by)
    merged = _merged_by(revision)
    notes_unjoin({"experience": one.experience_id, "other": note.pk} for one in merged)
    for one in merged:
        _bring_back(one, by)
    note.refresh_from_db()
    _reviewer_set(note, revision)
    if note.scope == Scope.PRIVATE:
        # Of a note that was deleted meanwhile nothing tells any more what had come from it.
        Evidence.objects.filter(experience=note).exclude(episode__user=note.owner_id).delete()


def _merged_by(revision: Revision) -> list[Revision]:
    """What happened to the notes that became one with the promoted one."""
    rows = Revision.objects.filter(
        action=RevisionAction.MERGED,
        reason=SHARED,
        experience__superseded_by=revision.experience_id,
        at__gte=revision.at,
    )
    return list(rows.select_related("experience"))


def _bring_back(merged: Revision, by: Any) -> None:
    """A note that its owner has switched off meanwhile stays off, and nothing replaces it."""
    other = merged.experience
    if other.status == Status.SUPERSEDED:
        revision_undo(merged, by=by)
    else:
        experience_change(other, RevisionAction.RESTORED, by=by, superseded_by_id=None)


def _reviewer_set(note: Experience, revision: Revision) -> None:
    """Who had decided on the note before it was shared, if anybody had."""
    decided = [RevisionAction.REVIEWED]
    if note.scope != Scope.PRIVATE:
        decided.append(RevisionAction.PROMOTED)
    last = note.revisions.filter(action__in=decided, at__lt=revision.at).first()
    note.reviewer, note.reviewed_at = (last.by, last.at) if last else (None, None)
    note.save(update_fields=["reviewer", "reviewed_at", "updated_at"])
