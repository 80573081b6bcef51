"""The asyncio client: what the web process awaits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import httpx

from uno_site.inference import calls, wire
from uno_site.inference.async_gateway import AsyncAdapterSource, AsyncGateway, no_adapters_async
from uno_site.inference.policy import ClientPolicy
from uno_site.inference.protocol import (
    DEFAULT_EMBEDDING_MODEL,
    ChatChunk,
    ChatRequest,
    ChatResult,
    FloatArray,
)
from uno_site.inference.replicas import ReplicaSet


class AsyncHttpClient:
    """Implements :class:`~uno_site.inference.protocol.AsyncInferenceClient`.

    The parameters are those of :class:`~uno_site.inference.client.HttpClient`. One instance
    belongs to one event loop.
    """

    def __init__(
        self,
        base_url: str | ReplicaSet,
        token: str = "",
        *,
        policy: ClientPolicy | None = None,
        embedding_model: str = DEFAULT_EMBEDDING_MODEL,
        embedding_url: str | ReplicaSet = "",
        wanted: AsyncAdapterSource = no_adapters_async,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._policy = policy or ClientPolicy()
        self._embedding_model = embedding_model
        # As many connections as there are streams: a limit would hold back all but the first.
        self._http = httpx.AsyncClient(
            headers=wire.headers(token),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            transport=transport,
        )
        self._engine = AsyncGateway(self._http, self._replicas(base_url), self._policy, wanted)
        self._embedder = self._engine
        if embedding_url:
            embedders = self._replicas(embedding_url)
            self._embedder = AsyncGateway(self._http, embedders, self._policy)

    @property
    def base_url(self) -> str:
        """The engine's URL; of several replicas, all of them."""
        return ",".join(self._engine.replicas.urls)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._engine.aclose()
        await self._embedder.aclose()
        await self._http.aclose()

    async def chat(self, request: ChatRequest) -> ChatResult:
        """A whole reply; cancelling the task cancels it in the engine."""
        call = calls.chat_call(wire.chat_body(request, stream=False))
        return wire.parse_chat(wire.response_json(await self._engine.send(call)))

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """Chunks as they are written; closing the iterator cancels the reply."""
        return self._engine.stream(calls.chat_call(wire.chat_body(request, stream=True)))

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """L2-normalised sentence embeddings, shape [len(texts), d]; at least one text."""
        bodies = [
            wire.response_json(
                await self._embedder.send(calls.embed_call(self._embedding_model, batch))
            )
            for batch in wire.embedding_batches(texts)
        ]
        return wire.join_embeddings(bodies)

    async def load_adapter(self, name: str, path: str) -> None:
        """Have a PEFT folder (a path on the engine's machine) under ``name`` on every replica.

        A replica that is known to have it is not asked again.

        Raises
        ------
        EngineRefused
            No replica can load it; where only some cannot, the others serve it.
        EngineUnreachable
            No replica can be reached.
        """
        await self._engine.load_everywhere(name, path)

    async def unload_adapter(self, name: str) -> None:
        """Take an adapter away from all replicas."""
        await self._engine.unload_everywhere(name)

    def _replicas(self, urls: str | ReplicaSet) -> ReplicaSet:
        return urls if isinstance(urls, ReplicaSet) else ReplicaSet(urls, self._policy.breaker)
