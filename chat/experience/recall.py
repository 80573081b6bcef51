"""Who may be shown notes, and the way from serving to the store.

Serving asks a :data:`chat.notes.Recall`; the ones made here search for one person alone.
"""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async

from chat.experience.ml.ranking import Ranked
from chat.experience.models import Experience, Scope
from chat.experience.selectors import notes_for
from chat.experience.services.switches import is_on_for, is_on_for_api
from chat.models import Conversation
from chat.notes import Note, Recall
from uno_site.inference.protocol import FloatArray


def recall_of(conversation: Conversation) -> Recall | None:
    """Finds notes for the conversation's person; None where one of the switches is off."""
    return recall_for(conversation.user) if is_on_for(conversation) else None


def recall_of_api(user: Any) -> Recall | None:
    """The same for the public API: only where the person switched it on."""
    return recall_for(user) if is_on_for_api(user) else None


def recall_for(user: Any) -> Recall:
    """Finds notes for ``user``."""

    async def recall(question: str, embedding: FloatArray) -> tuple[Note, ...]:
        return await database_sync_to_async(notes_of)(user, question, embedding)

    return recall


def notes_of(user: Any, question: str, embedding: FloatArray) -> tuple[Note, ...]:
    """The notes for a question of ``user``, as serving shows them."""
    ranked = notes_for(user, question, embedding)
    rows = Experience.objects.only("kind", "scope").in_bulk([item.candidate.id for item in ranked])
    return tuple(_note(item, rows[item.candidate.id]) for item in ranked)


def _note(item: Ranked, row: Experience) -> Note:
    found = item.candidate
    return Note(
        id=str(found.id),
        rank=item.rank,
        kind=row.kind,
        is_own=row.scope == Scope.PRIVATE,
        trigger=found.trigger,
        content=found.content,
        similarity=round(found.similarity, 4),
        score=round(item.score, 4),
        n_tokens=item.n_tokens,
    )
