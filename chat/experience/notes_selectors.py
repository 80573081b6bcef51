"""Reading for the notes' pages: one's own notes, what a reply was shown, where a note was used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from chat.experience.models import Experience, Outcome, Revision, Scope, Use
from chat.models import Message


def notes_list(user: Any, chosen: Mapping[str, str]) -> QuerySet[Experience]:
    """One's own notes, or (``whose`` is ``shared``) those of others that serve one's replies."""
    notes = Experience.objects.visible_to(user).defer("vector", "content_vector")
    if chosen.get("whose") == "shared":
        notes = notes.exclude(scope=Scope.PRIVATE)
    else:
        notes = notes.filter(scope=Scope.PRIVATE)
    for name in ("kind", "status"):
        if value := chosen.get(name):
            notes = notes.filter(**{name: value})
    for word in chosen.get("q", "").split()[:8]:
        notes = notes.filter(Q(trigger__icontains=word) | Q(content__icontains=word))
    return notes.select_related("group")


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note that a reply was shown; ``note`` is None where the person may not read it now."""

    use: Use
    note: Experience | None
    is_own: bool

    @property
    def is_disputed(self) -> bool:
        """Whether the person said that it is wrong."""
        return self.use.outcome == Outcome.DISPUTED


@dataclass(frozen=True, slots=True)
class ShownNotes:
    """What a reply was shown; ``n_gone`` of it have been deleted since."""

    notes: list[ShownNote]
    n_gone: int


def notes_of_reply(message: Message, user: Any) -> ShownNotes:
    """The notes that stood before the model when it wrote ``message``."""
    uses = list(message.experience_uses.select_related("experience").order_by("rank"))
    readable = Experience.objects.in_scope_of(user).defer("vector", "content_vector")
    notes = readable.in_bulk([use.experience_id for use in uses])
    shown = [
        ShownNote(
            use, note := notes.get(use.experience_id), bool(note and note.owner_id == user.pk)
        )
        for use in uses
    ]
    n_shown = len(message.provenance.get("notes", []))
    return ShownNotes(shown, max(n_shown - len(shown), 0))


def uses_of(note: Experience, user: Any) -> QuerySet[Use]:
    """Where a note was used in the person's own chats, the latest first."""
    own = note.uses.filter(message__conversation__user=user)
    return own.select_related("message__parent", "message__conversation").order_by("-at")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a note; ``revision`` has by whom, why and the wordings, and is
    None for whoever may not read those."""

    action: str
    at: datetime
    revision: Revision | None


def history_of(note: Experience, user: Any) -> list[Step]:
    """What happened to a note, the latest first.

    A shared note may have been somebody's own before, with names in it that were taken out: its
    earlier wordings are for its owner and curators, others see what was done, and when.
    """
    may_read = note.owner_id == user.pk or user.is_curator
    return [
        Step(revision.get_action_display(), revision.at, revision if may_read else None)
        for revision in note.revisions.select_related("by")
    ]
