"""Telling the open pages of a conversation what has happened."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction


def group_of(conversation_id: UUID) -> str:
    """The channel layer group of a conversation's open pages."""
    return f"chat.{conversation_id.hex}"


async def abroadcast(conversation_id: UUID, event: dict[str, Any]) -> None:
    """Send ``event`` (JSON) to every open page of the conversation."""
    message = {"type": "chat.event", "event": event}
    await get_channel_layer().group_send(group_of(conversation_id), message)


def broadcast(conversation_id: UUID, event: dict[str, Any]) -> None:
    """The same from synchronous code, once the transaction is committed."""
    transaction.on_commit(lambda: async_to_sync(abroadcast)(conversation_id, event))
