"""Keeping conversations in order: pins, folders, the archive. None of it moves them in time."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.models import Conversation, Folder
from chat.services.limits import clean_text

MAX_FOLDER_CHARS = 60


def conversation_pin(*, conversation: Conversation, is_pinned: bool) -> Conversation:
    """Keep a conversation at the top of the list, or let it go from there."""
    return _set(conversation, is_pinned=is_pinned)


def conversation_archive(*, conversation: Conversation) -> Conversation:
    """Take a conversation out of the list; search and the archive still have it."""
    return _set(conversation, archived_at=conversation.archived_at or timezone.now())


def conversation_restore(*, conversation: Conversation) -> Conversation:
    """Bring a conversation back from the archive, to where it was."""
    return _set(conversation, archived_at=None)


@transaction.atomic
def conversation_file(*, conversation: Conversation, folder_name: str) -> Conversation:
    """Put a conversation into the folder of that name; with an empty name, into none.

    The folder is made when it is new, and goes when its last conversation leaves it.

    Raises
    ------
    InvalidInput
        A name over 60 characters.
    """
    before, folder = conversation.folder, None
    if name := " ".join(folder_name.split()):
        name = clean_text(name, limit=MAX_FOLDER_CHARS)
        folder, _is_new = Folder.objects.get_or_create(user=conversation.user, name=name)
    _set(conversation, folder=folder)
    if before is not None and before != folder:
        folders_tidy(user=conversation.user)
    return conversation


def folders_tidy(*, user: Any) -> int:
    """Delete the person's folders that hold nothing; how many went."""
    empty = Folder.objects.visible_to(user).filter(conversations__isnull=True)
    return empty.delete()[0]


def _set(conversation: Conversation, **values: Any) -> Conversation:
    # By a query, so that ``updated_at`` and with it the place in the list stay.
    Conversation.objects.filter(pk=conversation.pk).update(**values)
    for name, value in values.items():
        setattr(conversation, name, value)
    return conversation
