"""Keeping what came by the public API: the same rows that the chat makes.

API clients send the whole conversation with every request. Each stored turn therefore has a
``path_hash`` of all turns up to it, by which a request that goes on after one of our replies
finds its conversation: what follows a reply is feedback on it, there as in the chat.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from chat.experience.services.notes import uses_record
from chat.models import Conversation, ConversationOrigin, Message, MessageOrigin, MessageRole
from chat.provenance import Provenance
from chat.services.broadcasting import broadcast
from chat.services.conversations import conversation_create, leaf_show, title_from
from chat.services.generations import served_route_id
from chat.services.outcomes import outcome_open
from uno_site.accounts.models import User
from uno_site.inference.protocol import ChatMessage
from uno_site.interchange.fields import storable


@dataclass(frozen=True, slots=True)
class ApiReply:
    """A complete reply that went out by the API; ``id`` is its message's key to be."""

    id: UUID
    content: str
    provenance: Provenance


@transaction.atomic
def completion_log(*, user_id: UUID, turns: Sequence[ChatMessage], reply: ApiReply) -> bool:
    """Keep a request and its reply as (part of) a conversation, if its person has agreed.

    Parameters
    ----------
    turns
        The conversation as the client sent it; the last turn is the one replied to.

    Returns
    -------
    Whether it was kept: without consent, nothing is.
    """
    user = User.objects.filter(pk=user_id, training_consent=True).first()
    if user is None:
        return False
    turns = [ChatMessage(turn.role, storable(turn.content)) for turn in turns]
    hashes = path_hashes(turns)
    anchor = _last_known_reply(user, turns, hashes)
    conversation = anchor.conversation if anchor else _conversation_begin(user, turns)
    n_known = hashes.index(anchor.path_hash) + 1 if anchor else 0
    parent = anchor
    for turn, path_hash in zip(turns[n_known:], hashes[n_known:], strict=True):
        parent = _turn_keep(conversation, parent, turn, path_hash)
    _reply_keep(conversation, parent, reply)
    return True


def conversation_key(user_id: UUID, turns: Sequence[ChatMessage]) -> str:
    """What stands for a conversation whose client sends it whole each time: how it began."""
    first = next((n for n, turn in enumerate(turns) if turn.role == MessageRole.USER), 0)
    return f"{user_id}/{path_hashes(turns[: first + 1])[-1]}"


def path_hashes(turns: Iterable[ChatMessage], before: str = "") -> list[str]:
    """A hash for each turn that stands for it and all turns before it (SHA-256, hexadecimal).

    ``before`` is the hash of what came earlier.
    """
    hashes = []
    for turn in turns:
        text = json.dumps([before, turn.role, turn.content.strip()])
        before = hashlib.sha256(text.encode()).hexdigest()
        hashes.append(before)
    return hashes


def reply_hash(parent: Message | None, content: str) -> str:
    """The hash of a reply to ``parent``; empty where the turns before it have none."""
    if parent is None or not parent.path_hash:
        return ""
    return path_hashes([ChatMessage("assistant", content)], parent.path_hash)[0]


def _last_known_reply(
    user: User, turns: Sequence[ChatMessage], hashes: Sequence[str]
) -> Message | None:
    """The latest of our replies, or of the person's corrections, that the client sends back."""
    sent_back = [
        path_hash
        for turn, path_hash in zip(turns, hashes, strict=True)
        if turn.role == MessageRole.ASSISTANT
    ]
    found = (
        Message.objects.visible_to(user)
        .filter(conversation__origin=ConversationOrigin.API, path_hash__in=sent_back)
        .filter(origin__in=[MessageOrigin.MODEL, MessageOrigin.CORRECTION])
        .select_related("conversation")
    )
    return max(found, key=lambda message: hashes.index(message.path_hash), default=None)


def _conversation_begin(user: User, turns: Sequence[ChatMessage]) -> Conversation:
    conversation = conversation_create(user=user, origin=ConversationOrigin.API)
    first = next((turn for turn in turns if turn.role == MessageRole.USER), turns[-1])
    conversation.title = title_from(first.content)
    conversation.save(update_fields=["title"])
    return conversation


def _turn_keep(
    conversation: Conversation, parent: Message | None, turn: ChatMessage, path_hash: str
) -> Message:
    """The turn's row: the one that is there when the same was asked before."""
    origin = MessageOrigin.PERSON
    if turn.role == MessageRole.ASSISTANT:
        origin = MessageOrigin.CLIENT
    known = conversation.messages.filter(parent=parent, path_hash=path_hash).first()
    return known or Message.objects.create(
        conversation=conversation,
        parent=parent,
        role=turn.role,
        origin=origin,
        content=turn.content,
        path_hash=path_hash,
    )


def _reply_keep(conversation: Conversation, parent: Message | None, reply: ApiReply) -> None:
    provenance: dict[str, Any] = storable(reply.provenance.as_json())
    content = storable(reply.content).strip()
    message = Message.objects.create(
        id=reply.id,
        conversation=conversation,
        parent=parent,
        role=MessageRole.ASSISTANT,
        origin=MessageOrigin.MODEL,
        content=content,
        provenance=provenance,
        sampling=provenance["sampling"],
        served_route_id=served_route_id(provenance),
        path_hash=reply_hash(parent, content),
    )
    uses_record(message.pk, provenance["notes"])
    outcome_open(message)
    leaf_show(conversation=conversation, leaf=message)
    broadcast(conversation.pk, {"type": "thread", "leaf": str(message.pk)})
