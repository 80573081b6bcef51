"""The asyncio client: what the web process awaits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx

from uno_site.inference import wire
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import (
    DEFAULT_EMBEDDING_MODEL,
    ChatChunk,
    ChatRequest,
    ChatResult,
    FloatArray,
    ModelCard,
)


class AsyncHttpClient:
    """Implements :class:`~uno_site.inference.protocol.AsyncInferenceClient`.

    The parameters are those of :class:`~uno_site.inference.client.HttpClient`. One instance
    belongs to one event loop.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        timeout: float = 300.0,
        connect_timeout: float = 5.0,
        embedding_model: str = DEFAULT_EMBEDDING_MODEL,
        embedding_url: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._embedding_url = (embedding_url or base_url).rstrip("/")
        self._embedding_model = embedding_model
        self._http = httpx.AsyncClient(
            headers=wire.headers(token),
            timeout=httpx.Timeout(timeout, connect=connect_timeout),
            transport=transport,
        )

    @property
    def base_url(self) -> str:
        """The engine's URL."""
        return self._base_url

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def chat(self, request: ChatRequest) -> ChatResult:
        """A whole reply; cancelling the task cancels it in the engine."""
        url = f"{self._base_url}/v1/chat/completions"
        return wire.parse_chat(await self._post(url, wire.chat_body(request, stream=False)))

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """Chunks as they are written; closing the iterator cancels the reply."""
        url = f"{self._base_url}/v1/chat/completions"
        parser = wire.StreamParser(url)
        body = wire.chat_body(request, stream=True)
        has_begun = False
        try:
            async with self._http.stream("POST", url, json=body) as response:
                if response.status_code >= 400:
                    await response.aread()
                    wire.check_response(response)
                has_begun = True
                async for line in response.aiter_lines():
                    chunk = parser.feed(line)
                    if chunk is not None:
                        yield chunk
        except httpx.HTTPError as error:
            raise (
                wire.broken_stream(url) if has_begun else wire.unreachable(url, error)
            ) from error
        parser.check_over()

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """L2-normalised sentence embeddings, shape [len(texts), d]; at least one text."""
        url = f"{self._embedding_url}/v1/embeddings"
        bodies = [
            await self._post(url, {"model": self._embedding_model, "input": batch})
            for batch in wire.embedding_batches(texts)
        ]
        return wire.join_embeddings(bodies)

    async def load_adapter(self, name: str, path: str) -> None:
        """Load a PEFT folder (a path on the engine's machine) under ``name``."""
        url = f"{self._base_url}/v1/load_lora_adapter"
        try:
            await self._exchange("POST", url, {"lora_name": name, "lora_path": path})
        except EngineRefused:
            # vLLM refuses a name that is loaded already; from the same path that is fine.
            if not any(card.id == name and card.root == path for card in await self._models()):
                raise

    async def unload_adapter(self, name: str) -> None:
        """Take an adapter away."""
        await self._exchange(
            "POST", f"{self._base_url}/v1/unload_lora_adapter", {"lora_name": name}
        )

    async def _models(self) -> list[ModelCard]:
        url = f"{self._base_url}/v1/models"
        return wire.parse_models(wire.decode_json((await self._exchange("GET", url)).text, url))

    async def _post(self, url: str, body: dict[str, Any]) -> wire.Body:
        return wire.decode_json((await self._exchange("POST", url, body)).text, url)

    async def _exchange(
        self, verb: str, url: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        try:
            response = await self._http.request(verb, url, json=body)
        except httpx.HTTPError as error:
            raise wire.unreachable(url, error) from error
        wire.check_response(response)
        return response
