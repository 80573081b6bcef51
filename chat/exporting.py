"""Conversations as files, written one by one so that many take no more memory than one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from chat.interchange import (
    FORMAT,
    VERSION,
    ConversationPart,
    FeedbackPart,
    MessagePart,
    markdown_of,
)
from chat.models import Conversation, Feedback, Message
from chat.selectors import branch

FORMATS = {"json": "application/json", "md": "text/markdown; charset=utf-8"}
#: Files up to this many bytes stay in memory while they are written.
SPOOL_BYTES = 8 * 2**20
_CHUNK = 50


def export_file(conversations: QuerySet[Conversation], form: str) -> IO[bytes]:
    """The conversations as one file of a form of :data:`FORMATS`, open at its beginning."""
    file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - the response closes it
    write = _json_lines if form == "json" else _markdown_lines
    for text in write(conversations):
        file.write(text.encode())
    file.seek(0)
    return file


def conversation_part(conversation: Conversation) -> ConversationPart:
    """A conversation with its tree as it leaves."""
    return ConversationPart(
        title=conversation.title,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        is_pinned=conversation.is_pinned,
        archived_at=conversation.archived_at,
        folder=conversation.folder.name if conversation.folder else None,
        system_prompt=conversation.system_prompt,
        sampling=conversation.sampling,
        leaf=conversation.leaf_id,
        messages=list(map(_message_part, parents_first(conversation.messages.all()))),
    )


def parents_first(messages: Iterable[Message]) -> list[Message]:
    """The messages by their depth in the tree, and in their own order within it.

    Their times alone do not tell: a file that came in may have given all the same.
    """
    by_id = {message.pk: message for message in messages}
    depths: dict[UUID, int] = {}
    for message in by_id.values():
        path, at = [], message
        while at.pk not in depths and at.parent_id in by_id:
            path.append(at.pk)
            at = by_id[at.parent_id]
        depth = depths.setdefault(at.pk, 0)
        for number, key in enumerate(reversed(path), start=1):
            depths[key] = depth + number
    return sorted(by_id.values(), key=lambda message: depths[message.pk])


def _message_part(message: Message) -> MessagePart:
    given = next(iter(message.feedback.all()), None)
    values: dict[str, Any] = {name: getattr(message, name) for name in _COPIED}
    if given is not None:
        values["feedback"] = FeedbackPart(
            thumb=given.thumb, reasons=given.reasons, comment=given.comment
        )
    return MessagePart.model_construct(
        **values, parent=message.parent_id, correction_of=message.correction_of_id
    )


_COPIED = (
    *("id", "role", "origin", "state", "content", "error", "created_at", "sampling"),
    "provenance",
)


def _loaded(conversations: QuerySet[Conversation]) -> Iterator[Conversation]:
    feedback = Prefetch("feedback", queryset=Feedback.objects.order_by("created_at"))
    messages = Message.objects.order_by("created_at").prefetch_related(feedback)
    chosen = conversations.select_related("folder").order_by("created_at")
    yield from chosen.prefetch_related(Prefetch("messages", queryset=messages)).iterator(_CHUNK)


def _json_lines(conversations: QuerySet[Conversation]) -> Iterator[str]:
    head = {"format": FORMAT, "version": VERSION, "exported_at": timezone.now().isoformat()}
    yield json.dumps(head)[:-1] + ', "conversations": ['
    for number, conversation in enumerate(_loaded(conversations)):
        yield (",\n" if number else "\n") + conversation_part(conversation).model_dump_json()
    yield "\n]}\n"


def _markdown_lines(conversations: QuerySet[Conversation]) -> Iterator[str]:
    for number, conversation in enumerate(_loaded(conversations)):
        shown = branch(conversation.messages.all(), conversation.leaf_id)
        text = markdown_of(conversation_part(conversation), list(map(_message_part, shown)))
        yield ("\n---\n\n" if number else "") + text
