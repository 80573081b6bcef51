"""Reading the chat: conversations of a person, and the branch of the tree that is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from chat.full_text import matching, words_of
from chat.models import (
    Conversation,
    ConversationOrigin,
    Feedback,
    Folder,
    Message,
    MessageRole,
    MessageState,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of the shown branch with what its action row needs.

    ``position`` counts from 1 among ``n_siblings``; ``previous`` and ``next`` are the
    siblings beside it; ``corrected`` is the reply that a correction corrects.
    """

    message: Message
    position: int = 1
    n_siblings: int = 1
    previous: Message | None = None
    next: Message | None = None
    feedback: Feedback | None = None
    is_last: bool = False
    corrected: Message | None = None


def conversation_list(user: Any, search: str = "", origin: str = "") -> QuerySet[Conversation]:
    """A person's conversations, newest first.

    ``search`` looks into titles and messages, wherever they came from, the archive included.
    Without it, those of one ``origin`` that are not archived are listed: the chat's by
    default, since programs make many.
    """
    conversations = Conversation.objects.visible_to(user)
    if search := search.strip():
        found = matching(user, search).order_by()
        by_text = Q(pk__in=found.values("conversation"))
        return conversations.filter(title_has(search) | by_text)
    known = origin if origin in ConversationOrigin.values else ConversationOrigin.CHAT
    return conversations.current().filter(origin=known)


def title_has(search: str) -> Q:
    """Whether a conversation's title has every word of ``search``."""
    words = [Q(title__icontains=word) for word in words_of(search)]
    return reduce(and_, words) if words else Q(title__icontains=search)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a person has put in order: pinned conversations, then folders by name."""

    pinned: Sequence[Conversation]
    folders: Sequence[tuple[Folder, Sequence[Conversation]]]


def shelf(user: Any, limit: int = 200) -> Shelf:
    """The person's pinned and filed conversations, at most ``limit``, in one query.

    A pinned conversation stands among the pinned, whatever its folder.
    """
    kept = conversation_list(user).filter(Q(is_pinned=True) | Q(folder__isnull=False))
    by_folder: defaultdict[Folder, list[Conversation]] = defaultdict(list)
    pinned: list[Conversation] = []
    for conversation in kept.select_related("folder")[:limit]:
        where = pinned if conversation.is_pinned else by_folder[conversation.folder]
        where.append(conversation)
    return Shelf(pinned, sorted(by_folder.items(), key=lambda item: item[0].name.casefold()))


def loose_conversations(user: Any, origin: str = "") -> QuerySet[Conversation]:
    """What is listed by age: neither pinned nor filed."""
    return conversation_list(user, origin=origin).filter(is_pinned=False, folder__isnull=True)


def branch(messages: Iterable[Message], leaf_id: UUID | None) -> list[Message]:
    """The messages from the root to the leaf."""
    by_id = {message.pk: message for message in messages}
    path: list[Message] = []
    current = by_id.get(leaf_id) if leaf_id else None
    while current is not None:
        path.append(current)
        current = by_id.get(current.parent_id) if current.parent_id else None
    return path[::-1]


def deepest_leaf(messages: Iterable[Message], start: Message) -> Message:
    """The end of the branch through ``start``, following the newest child each time."""
    children = defaultdict(list)
    for message in messages:
        children[message.parent_id].append(message)
    current = start
    while below := children[current.pk]:
        current = max(below, key=lambda message: message.created_at)
    return current


def thread(conversation: Conversation) -> list[Turn]:
    """The shown branch, each message with its place among its siblings and its feedback."""
    messages = list(conversation.messages.all())
    path = branch(messages, conversation.leaf_id)
    siblings: defaultdict[UUID | None, list[Message]] = defaultdict(list)
    for message in messages:
        siblings[message.parent_id].append(message)
    given = {
        feedback.message_id: feedback
        for feedback in Feedback.objects.filter(message__in=path, user=conversation.user_id)
    }
    by_id = {message.pk: message for message in messages}
    return [
        _turn(
            message,
            siblings[message.parent_id],
            given.get(message.pk),
            is_last=message is path[-1],
            corrected=by_id.get(message.correction_of_id),
        )
        for message in path
    ]


def _turn(
    message: Message,
    siblings: list[Message],
    feedback: Feedback | None,
    *,
    is_last: bool,
    corrected: Message | None,
) -> Turn:
    ids = [sibling.pk for sibling in siblings]
    index = ids.index(message.pk)
    return Turn(
        message=message,
        position=index + 1,
        n_siblings=len(siblings),
        previous=siblings[index - 1] if index > 0 else None,
        next=siblings[index + 1] if index + 1 < len(siblings) else None,
        feedback=feedback,
        is_last=is_last,
        corrected=corrected,
    )


def turn_of(message: Message) -> Turn:
    """One message as it stands in its thread; also when another branch is shown."""
    siblings = list(
        Message.objects.filter(
            conversation=message.conversation_id, parent=message.parent_id
        ).order_by("created_at")
    )
    own = Feedback.objects.filter(message=message, user=message.conversation.user_id).first()
    is_last = message.pk == message.conversation.leaf_id
    corrected = next((item for item in siblings if item.pk == message.correction_of_id), None)
    return _turn(message, siblings, own, is_last=is_last, corrected=corrected)


def generating_in(conversation_id: UUID) -> list[Message]:
    """Replies of a conversation that are being written now."""
    return list(
        Message.objects.filter(
            conversation=conversation_id,
            role=MessageRole.ASSISTANT,
            state=MessageState.GENERATING,
        )
    )
