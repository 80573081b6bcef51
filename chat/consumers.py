"""The open page of a conversation: replies as they are written, in every tab alike.

Content always comes whole, never as a difference, so a page may miss or repeat an event and
still be right; ``state`` tells which replies are being written, and a page that shows
another one as unfinished fetches it anew.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from chat import generation
from chat.models import Conversation, Message
from chat.selectors import generating_in
from chat.services.broadcasting import group_of
from chat.services.generations import generations_rescue
from uno_site.accounts.sockets import socket_user

NOT_FOUND = 4404
#: How often a page with an unfinished reply is told what is really being written.
STATE_SECONDS = 3.0


class ConversationConsumer(AsyncJsonWebsocketConsumer):
    """Sends ``state`` on connect, then ``content``, ``done``, ``thread`` and ``gone``."""

    conversation_id: UUID
    watcher: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()
        self.conversation_id = self.scope["url_route"]["kwargs"]["conversation_id"]
        if not await self._is_visible():
            await self.close(code=NOT_FOUND)
            return
        await self.channel_layer.group_add(group_of(self.conversation_id), self.channel_name)
        await self._send_state()
        self.watcher = asyncio.create_task(self._watch())

    async def disconnect(self, code: int) -> None:
        if self.watcher is not None:
            self.watcher.cancel()
            await self.channel_layer.group_discard(
                group_of(self.conversation_id), self.channel_name
            )

    async def chat_event(self, message: dict[str, Any]) -> None:
        """Pass on what :func:`chat.services.broadcasting.broadcast` sent."""
        await self.send_json(message["event"])

    async def _watch(self) -> None:
        was_writing = False
        while True:
            await asyncio.sleep(STATE_SECONDS)
            if not await self._is_visible():
                return await self.close(code=NOT_FOUND)
            is_writing = bool(await self._generating())
            if is_writing or was_writing:
                await self._send_state()
            was_writing = is_writing

    async def _send_state(self) -> None:
        replies = []
        for reply in await self._generating():
            text, stage = generation.written_so_far(reply.pk) or (reply.content, "")
            replies.append(generation.content_event(reply.pk, text, stage))
        await self.send_json({"type": "state", "generating": replies})

    @database_sync_to_async
    def _is_visible(self) -> bool:
        user = socket_user(self.scope)
        if not user.is_authenticated:
            return False
        return Conversation.objects.visible_to(user).filter(pk=self.conversation_id).exists()

    @database_sync_to_async
    def _generating(self) -> list[Message]:
        generations_rescue(self.conversation_id)
        return generating_in(self.conversation_id)
