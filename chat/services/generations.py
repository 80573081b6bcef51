"""The rows of replies that are being written: who writes, how far, and what if they die.

Every write is conditional on the state, so that a reply has one writer at most: whoever
claims the row first. A writer that finds its row taken away stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import notes, preferences
from chat.experience.recall import recall_of
from chat.experience.services.notes import uses_record
from chat.history import fit_history
from chat.models import (
    Message,
    MessageRole,
    MessageState,
    PersonalRoute,
    RouteTable,
    ServedRoute,
    SharedRoute,
)
from chat.notes import Recall
from chat.preferences import NO_PREFERENCES, Preferences
from chat.route_choice import LEVELS
from chat.selectors import branch
from chat.services.broadcasting import broadcast
from chat.services.outcomes import outcome_open
from chat.services.personal import personal_route_of, reply_tokens_keep
from chat.services.preferences import preferences_of
from chat.services.routes import answering_levels, route_table_active
from chat.services.shared import shared_route_active
from uno_site.accounts.quotas import quota_add_tokens
from uno_site.inference.protocol import ChatMessage, Sampling
from uno_site.interchange.fields import storable

#: A writer renews its heartbeat every second; after so long without one it is dead.
STALE_AFTER = timedelta(seconds=15)
#: About how many bytes of UTF-8 a token has: four letters, or one and a half Chinese signs.
BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What the writer of a reply needs to know."""

    message_id: UUID
    conversation_id: UUID
    user: str
    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    table: RouteTable | None
    personal: PersonalRoute | None = None
    recall: Recall | None = None
    shared: SharedRoute | None = None
    levels: frozenset[str] = frozenset(LEVELS)
    preferences: Preferences = NO_PREFERENCES


def generation_claim(message_id: UUID) -> Plan | None:
    """Make the reply ours to write; None when somebody else has it, or it has ended."""
    claimed = Message.objects.filter(
        pk=message_id, state=MessageState.GENERATING, heartbeat_at__isnull=True
    ).update(heartbeat_at=timezone.now())
    if not claimed:
        return None
    reply = Message.objects.select_related("conversation__user").get(pk=message_id)
    path = branch(reply.conversation.messages.all(), reply.parent_id)
    turns = [ChatMessage(turn.role, turn.content) for turn in path if turn.content]
    if (prompt := reply.conversation.system_prompt) and turns[0].role != MessageRole.SYSTEM:
        turns.insert(0, ChatMessage(MessageRole.SYSTEM, prompt))
    sampling = _sampling(reply.sampling)
    recall, own = recall_of(reply.conversation), preferences_of(reply.conversation)
    room = sampling.max_tokens
    room += (notes.ROOM_TOKENS if recall else 0) + (preferences.ROOM_TOKENS if own else 0)
    return Plan(
        message_id=reply.pk,
        conversation_id=reply.conversation_id,
        user=str(reply.conversation.user_id),
        messages=fit_history(turns, max_tokens=room),
        sampling=sampling,
        table=route_table_active(),
        personal=personal_route_of(reply.conversation),
        recall=recall,
        shared=shared_route_active(),
        levels=answering_levels(),
        preferences=own,
    )


def generation_beat(message_id: UUID, content: str) -> bool | None:
    """Keep what has arrived and renew the heartbeat.

    Returns whether the writer was asked to stop; None when the row is no longer its own.
    """
    mine = Message.objects.filter(pk=message_id, state=MessageState.GENERATING)
    if not mine.update(content=storable(content), heartbeat_at=timezone.now()):
        return None
    return mine.values_list("is_stop_requested", flat=True).first()


def generation_finish(
    message_id: UUID,
    *,
    user_id: UUID | str,
    state: str,
    content: str,
    error: str = "",
    provenance: dict[str, Any] | None = None,
    token_ids: Sequence[int] = (),
) -> bool:
    """End the reply, count its tokens and keep them; False when it was no longer being written.

    What was written is counted for its person, whether or not the row is still there.
    """
    provenance, content = storable(provenance or {}), storable(content)
    quota_add_tokens(user_id, _n_tokens(provenance, content))
    is_ended = bool(
        Message.objects.filter(pk=message_id, state=MessageState.GENERATING).update(
            state=state,
            content=content.strip(),
            error=storable(error),
            provenance=provenance,
            served_route_id=served_route_id(provenance),
            updated_at=timezone.now(),
        )
    )
    if is_ended:
        for reply in Message.objects.filter(pk=message_id).select_related("conversation"):
            if reply.content:
                outcome_open(reply)
        reply_tokens_keep(message_id, token_ids)
        uses_record(message_id, provenance.get("notes", []))
    return is_ended


def _n_tokens(provenance: dict[str, Any], content: str) -> int:
    """Tokens read and written; of a reply that was broken off only its length is known."""
    counted = provenance.get("prompt_tokens", 0) + provenance.get("completion_tokens", 0)
    return max(int(counted), tokens_about(content))


def tokens_about(text: str) -> int:
    """About how many tokens a text has, where the engine did not tell."""
    return len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN


def served_route_id(provenance: dict[str, Any]) -> str | None:
    """The id of the route that a reply came by, if that is still on record."""
    route_id = provenance.get("route_id")
    is_there = route_id and ServedRoute.objects.filter(pk=route_id).exists()
    return route_id if is_there else None


def dead_generations() -> QuerySet[Message]:
    """Replies that nobody writes any more, although their rows say so."""
    limit = timezone.now() - STALE_AFTER
    never_begun = Q(heartbeat_at__isnull=True, created_at__lt=limit)
    return Message.objects.filter(Q(heartbeat_at__lt=limit) | never_begun).filter(
        role=MessageRole.ASSISTANT, state=MessageState.GENERATING
    )


def generations_rescue(conversation_id: UUID | None = None) -> int:
    """End the replies whose writer died, of one conversation or of all; what arrived stays."""
    dead = dead_generations()
    if conversation_id is not None:
        dead = dead.filter(conversation=conversation_id)
    n_rescued = 0
    for reply in list(dead.only("pk", "conversation_id", "heartbeat_at")):
        mine = Message.objects.filter(
            pk=reply.pk, state=MessageState.GENERATING, heartbeat_at=reply.heartbeat_at
        )
        if mine.update(state=MessageState.INTERRUPTED, error=restart_text()):
            n_rescued += 1
            broadcast(reply.conversation_id, {"type": "done", "id": str(reply.pk)})
    return n_rescued


def restart_text() -> str:
    """What the page says about a reply that was cut off by a restart."""
    return _(
        "The server was restarted while this reply was being written. What had arrived is kept."
    )


def _sampling(values: dict[str, Any]) -> Sampling:
    names = {field.name for field in fields(Sampling)}
    known = {name: value for name, value in values.items() if name in names}
    return Sampling(**{**known, "stop": tuple(known.get("stop", ()))})
