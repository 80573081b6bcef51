"""Making, naming and deleting conversations."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat.models import Conversation, ConversationOrigin, Message
from chat.services.broadcasting import broadcast
from chat.services.limits import clean_text
from chat.services.organising import (
    conversation_archive,
    conversation_file,
    conversation_pin,
    conversation_restore,
    folders_tidy,
)

MAX_TITLE_CHARS = 120
_FIRST_TITLE_CHARS = 60


def conversation_create(
    *, user: Any, origin: ConversationOrigin = ConversationOrigin.CHAT
) -> Conversation:
    """An empty conversation of ``user``."""
    return Conversation.objects.create(user=user, origin=origin)


def conversation_rename(*, conversation: Conversation, title: str) -> Conversation:
    """Give a conversation another title; its place in the list stays.

    Raises
    ------
    InvalidInput
        An empty title, or one over 120 characters.
    """
    title = " ".join(clean_text(title, limit=MAX_TITLE_CHARS).split())
    Conversation.objects.filter(pk=conversation.pk).update(title=title)
    conversation.title = title
    return conversation


@transaction.atomic
def conversation_change(
    *,
    conversation: Conversation,
    title: str | None = None,
    is_pinned: bool | None = None,
    is_archived: bool | None = None,
    folder: str | None = None,
) -> Conversation:
    """Change what is given, all or nothing.

    Raises
    ------
    InvalidInput
        As :func:`conversation_rename` and :func:`~chat.services.organising.conversation_file`.
    """
    if title is not None:
        conversation_rename(conversation=conversation, title=title)
    if is_pinned is not None:
        conversation_pin(conversation=conversation, is_pinned=is_pinned)
    if is_archived is not None:
        move = conversation_archive if is_archived else conversation_restore
        move(conversation=conversation)
    if folder is not None:
        conversation_file(conversation=conversation, folder_name=folder)
    return conversation


def conversation_delete(*, conversation: Conversation) -> None:
    """Delete a conversation with its messages, feedback, and the logs learned from them."""
    conversation_id, user = conversation.pk, conversation.user
    conversation.delete()
    folders_tidy(user=user)
    broadcast(conversation_id, {"type": "gone"})


def leaf_show(*, conversation: Conversation, leaf: Message) -> None:
    """Show the branch that ends at ``leaf``."""
    conversation.leaf = leaf
    conversation.save(update_fields=["leaf", "updated_at"])


def title_from(text: str) -> str:
    """A conversation's first title: the beginning of its first message, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= _FIRST_TITLE_CHARS:
        return line or _("New conversation")
    return line[:_FIRST_TITLE_CHARS].rsplit(" ", 1)[0].rstrip(",;:.-–— ") + "…"
