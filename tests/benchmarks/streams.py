"""What a client sees of concurrent streams: first token, last token, how many."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.protocol import ChatRequest


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Seconds from the start of the whole run, and tokens."""

    first_s: float
    last_s: float
    n_tokens: int

    @property
    def decode_rate(self) -> float:
        """Tokens a second after the first."""
        return (self.n_tokens - 1) / max(1e-9, self.last_s - self.first_s)


@dataclass(frozen=True, slots=True)
class RunTimes:
    """All streams of one run."""

    streams: tuple[StreamTimes, ...]

    @property
    def tokens_per_s(self) -> float:
        """All tokens over the time until the last one."""
        return sum(s.n_tokens for s in self.streams) / max(s.last_s for s in self.streams)

    @property
    def worst_first_s(self) -> float:
        """The longest wait for a first token."""
        return max(s.first_s for s in self.streams)


def median(runs: Sequence[RunTimes], of: Callable[[RunTimes], float]) -> float:
    """The median over rounds."""
    return statistics.median(of(run) for run in runs)


def stream_all(base_url: str, requests: Sequence[ChatRequest], token: str = "") -> RunTimes:
    """Send all requests at once and read their streams."""

    async def run() -> RunTimes:
        client = AsyncHttpClient(base_url, token)
        started = time.perf_counter()
        times = await asyncio.gather(*(_stream(client, r, started) for r in requests))
        await client.aclose()
        return RunTimes(tuple(times))

    return asyncio.run(run())


async def _stream(client: AsyncHttpClient, request: ChatRequest, started: float) -> StreamTimes:
    first = last = 0.0
    n_tokens = 0
    async for chunk in client.chat_stream(request):
        now = time.perf_counter() - started
        if chunk.text or chunk.token_ids:
            first = first or now
            last = now
        if chunk.usage is not None:
            n_tokens = chunk.usage.completion_tokens
    return StreamTimes(first, last, n_tokens)
