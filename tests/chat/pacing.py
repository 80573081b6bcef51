"""A scripted model that waits between words until the test lets it go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from tests.scripted import AsyncScriptedClient
from uno_site.inference.protocol import ChatChunk, ChatRequest


class PacedClient(AsyncScriptedClient):
    """Writes ``n_free`` words at once and the rest when ``go_on`` is set; then maybe fails."""

    def __init__(self, reply: str, *, n_free: int, error: Exception | None = None) -> None:
        super().__init__(reply)
        self.n_free = n_free
        self.error = error
        self.go_on = asyncio.Event()

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        for n_words, chunk in enumerate(self.script.chat_stream(request)):
            if n_words == self.n_free:
                await self.go_on.wait()
                if self.error is not None:
                    raise self.error
            yield chunk
