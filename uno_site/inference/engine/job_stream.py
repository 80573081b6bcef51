"""The bridge from the engine's thread to asyncio: one request's events as they come."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from uno_site.inference.engine.engine import Ask, Engine
from uno_site.inference.engine.generation import DoneEvent, ErrorEvent, Event, TextEvent

logger = logging.getLogger(__name__)
T = TypeVar("T")


class JobStream:
    """Submits a request and gives its events; :meth:`close` ends it when nobody listens."""

    def __init__(self, engine: Engine, ask: Ask) -> None:
        self.prompt = ask.prompt
        self._engine, self._model = engine, ask.model
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._started = time.perf_counter()
        self._first_s: float | None = None
        self._is_over = False
        self._job = engine.submit(ask, self._emit)

    async def events(self) -> AsyncIterator[TextEvent | DoneEvent]:
        """Text as it comes, then the end.

        Raises
        ------
        UnoError
            What the engine's thread reported.
        """
        while not self._is_over:
            event = await self._events.get()
            if isinstance(event, ErrorEvent):
                self._is_over = True
                self._engine.metrics.refused(event.error.code)
                raise event.error
            if isinstance(event, DoneEvent):
                self._is_over = True
                self._log(event)
            elif self._first_s is None:
                self._first_s = time.perf_counter() - self._started
            yield event

    async def result(self) -> tuple[list[TextEvent], DoneEvent]:
        """All events at once."""
        texts: list[TextEvent] = []
        async for event in self.events():
            if isinstance(event, DoneEvent):
                return texts, event
            texts.append(event)
        raise asyncio.CancelledError

    async def collect(self, request: Request) -> tuple[list[TextEvent], DoneEvent] | None:
        """All events at once; ``None`` when the client has left meanwhile."""
        try:
            return await unless_left(request, self.result())
        finally:
            self.close()

    def close(self) -> None:
        """Cancel the job unless it has ended."""
        if not self._is_over:
            self._is_over = True
            self._engine.metrics.refused("cancelled")
            logger.info("cancelled model=%s prompt_tokens=%d", self._model, len(self.prompt))
            self._engine.cancel(self._job)

    def _emit(self, event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server is stopping
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    def _log(self, done: DoneEvent) -> None:
        total_s = time.perf_counter() - self._started
        first_s = self._first_s if self._first_s is not None else total_s
        self._engine.metrics.finished(done.finish_reason, done.usage, first_s, total_s)
        logger.info(
            "done model=%s prompt_tokens=%d completion_tokens=%d finish=%s first_ms=%d total_ms=%d",
            self._model,
            done.usage.prompt_tokens,
            done.usage.completion_tokens,
            done.finish_reason,
            1000 * first_s,
            1000 * total_s,
        )


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What ``work`` gives; it is cancelled, and ``None`` returned, when the client leaves."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_wait_for_disconnect(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
