"""The thread that owns the context: continuous batching over slots.

Every step takes what each running request wants next (one token while it writes, a chunk of
its prompt while it reads), decodes it as one batch, and hands the logits back. Requests
join and leave between any two steps.

All adapters share one context. A sequence belongs to one adapter from its first token to
its last, so that no keys or values are ever shared across adapters. Where the backend cannot
mix adapters, a batch holds the sequences of one adapter only, and adapters take turns. What a
sequence leaves is kept for its user's next turn with the same adapter (``kept_sequences.py``).
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from uno_site.errors import UnoError
from uno_site.inference.engine.backend import MAX_OUTPUT_ROWS, Context, LanguageModel
from uno_site.inference.engine.batch_layout import Layout, lay_out
from uno_site.inference.engine.fair_queue import BACKGROUND, FairQueue
from uno_site.inference.engine.generation import (
    MAX_SCORED_ROWS,
    DoneEvent,
    ErrorEvent,
    Event,
    Generation,
    Job,
    TextEvent,
)
from uno_site.inference.engine.kept_sequences import KeptSequences
from uno_site.inference.engine.prefix_cache import CacheStats
from uno_site.inference.engine.threads import ThreadGovernor
from uno_site.inference.engine.turns import AdapterTurns, share_batch
from uno_site.inference.errors import EngineBusy, EngineUnreachable, InferenceError

logger = logging.getLogger(__name__)
T = TypeVar("T")

MAX_SLOTS = MAX_OUTPUT_ROWS - MAX_SCORED_ROWS
RESTART = "Start the engine again; its log says what happened."


@dataclass(frozen=True, slots=True)
class SchedulerConfig:
    """``n_queue``: requests that may wait. ``cache_bytes`` are kept of finished sequences.
    ``shared_prefill``: the share of a batch that prompts may take while somebody is being
    written to (bounds the pause in the others' streams). ``steps_per_adapter``: steps before
    another adapter's turn; a switch costs about one step. ``reserved``: the share of the
    slots that background work leaves free, so that a person's reply begins at once.
    """

    n_queue: int = 64
    cache_bytes: int = 512 * 2**20
    shared_prefill: float = 0.25
    steps_per_adapter: int = 8
    reserved: float = 0.25


class Scheduler:
    """Owns the context. Public methods may be called from any thread."""

    def __init__(
        self,
        model: LanguageModel,
        context: Context,
        governor: ThreadGovernor,
        on_finished: Callable[[Job], None],
        config: SchedulerConfig | None = None,
    ) -> None:
        self._model, self._context, self._governor = model, context, governor
        self._on_finished = on_finished
        self._config = config or SchedulerConfig()
        self._wakeup = threading.Condition()
        self._queue: FairQueue[Job] = FairQueue(self._config.n_queue)
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._running: list[Generation] = []
        self._kept = KeptSequences(context, self._config.cache_bytes)
        self._free_slots = list(range(context.n_slots))  # a heap: low slots stay together
        self._turns = AdapterTurns(self._config.steps_per_adapter)
        self._is_stopping = self._has_failed = False
        self._thread = threading.Thread(target=self._run, name="engine-owner", daemon=True)

    @property
    def n_active(self) -> int:
        """Requests in a slot."""
        return len(self._running)

    @property
    def n_queued(self) -> int:
        """Requests that wait for a slot."""
        return len(self._queue)

    @property
    def cache_stats(self) -> CacheStats:
        """What the prefix cache did and holds."""
        return self._kept.stats

    @property
    def is_alive(self) -> bool:
        """Whether the owner thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the owner thread."""
        self._governor.start()
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End all requests as cancelled and stop the owner thread."""
        with self._wakeup:
            self._is_stopping = True
            self._wakeup.notify()
        self._governor.stop()
        self._thread.join(timeout)

    def submit(self, job: Job) -> None:
        """Queue a job.

        Raises
        ------
        EngineBusy
            The queue is full.
        EngineUnreachable
            The owner thread is stopping, or has failed.
        """
        with self._wakeup:
            if self._is_stopping or self._has_failed:
                raise self._closed()
            if not self._queue.push(job.user, job):
                raise EngineBusy(
                    f"The engine's queue is full ({self._queue.capacity} requests wait).",
                    remedy="Try again in a moment.",
                )
            self._wakeup.notify()

    def cancel(self, job: Job) -> None:
        """End a job as soon as the running step is over; its slot is free at once."""
        job.is_cancelled = True
        with self._wakeup:
            was_waiting = self._queue.remove(job)
            self._wakeup.notify()
        if was_waiting:
            self._on_finished(job)

    def forget(self, adapter: Any) -> None:
        """Drop what is kept of an adapter's sequences; called on the owner thread."""
        self._kept.forget(adapter)

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Run ``function`` on the owner thread between two steps.

        Where that thread is no more, the future has :class:`EngineUnreachable`.
        """
        future: Future[T] = Future()
        with self._wakeup:
            if self._is_stopping or self._has_failed:
                future.set_exception(self._closed())
            else:
                self._calls.append((function, future))
            self._wakeup.notify()
        return future

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException:
            logger.critical("the owner thread has failed", exc_info=True)
            with self._wakeup:
                self._has_failed = True
        self._end_all()

    def _serve(self) -> None:
        """Step until it is told to stop."""
        while True:
            with self._wakeup:
                while not (self._is_stopping or self._running or self._calls or len(self._queue)):
                    self._wakeup.wait()
                if self._is_stopping:
                    return
            self._run_calls()
            self._drop_cancelled()
            self._admit()
            if self._running:
                self._step()
            if not (self._running or self._free_slots):
                raise RuntimeError("No slot can be cleared any more.")

    def _run_calls(self) -> None:
        while self._calls:
            function, future = self._calls.popleft()
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

    def _drop_cancelled(self) -> None:
        for generation in [g for g in self._running if g.job.is_cancelled]:
            self._leave(generation, generation.finish("cancelled"))

    def _admit(self) -> None:
        while self._free_slots:
            with self._wakeup:
                job = self._queue.pop(with_background=self._has_room_for_background())
            if job is None:
                return
            if job.is_cancelled:
                self._on_finished(job)
                continue
            self._join(job)

    def _has_room_for_background(self) -> bool:
        n_slots = self._context.n_slots
        n_running = sum(g.job.user == BACKGROUND for g in self._running)
        return n_running < max(1, n_slots - round(self._config.reserved * n_slots))

    def _join(self, job: Job) -> None:
        try:
            generation = Generation(self._model, job, self._free_slots[0])
        except Exception as error:  # no request may end the thread
            job.emit(ErrorEvent(_known(error)))
            self._on_finished(job)
            return
        heapq.heappop(self._free_slots)
        self._running.append(generation)
        try:
            self._kept.resume(generation)
        except Exception as error:
            self._leave(generation, ErrorEvent(_known(error)))

    def _leave(self, generation: Generation, event: Event) -> None:
        self._running.remove(generation)
        if not isinstance(event, ErrorEvent):
            self._kept.keep(generation)
        self._free(generation.slot)
        generation.close()
        generation.job.emit(event)
        self._on_finished(generation.job)

    def _free(self, slot: int) -> None:
        """Give a slot back; one that cannot be cleared is nobody's: somebody's words are in it."""
        try:
            self._context.clear(slot)
        except Exception:
            logger.exception("slot not cleared slot=%d", slot)
        else:
            heapq.heappush(self._free_slots, slot)

    def _step(self) -> None:
        turn = self._running if self._context.mixes_adapters else self._turns.next(self._running)
        plans = share_batch(turn, self._context, self._config.shared_prefill)
        layout = lay_out(plans, self._free_slots if self._context.wants_neighbours else ())
        try:
            self._decode(layout)
            self._absorb(layout)
        except Exception as error:  # the thread must outlive any one batch
            logger.exception("step failed n_tokens=%d", len(layout.rows))
            for generation in [g for g, _ in plans if g in self._running]:
                self._leave(generation, ErrorEvent(_known(error)))

    def _decode(self, layout: Layout) -> None:
        loaded = {g.slot: g.job.adapter for g, _, _ in layout.parts}
        self._context.use_adapters({s: entry and entry.adapter for s, entry in loaded.items()})
        self._context.set_threads(self._governor.n_threads())
        try:
            self._context.decode(layout.rows)
        finally:
            for slot in layout.bridges:
                self._context.clear(slot)

    def _absorb(self, layout: Layout) -> None:
        """Draw everybody's next token, then tell: whoever hears it wants the interpreter too."""
        events: list[tuple[Generation, list[TextEvent | DoneEvent]]] = []
        for generation, plan, first in layout.parts:
            rows = [self._context.logits(first + i) for i, w in enumerate(plan.wants_logits) if w]
            events.append((generation, generation.absorb(plan, rows)))
        for generation, of_one in events:
            for event in of_one:
                if isinstance(event, DoneEvent):
                    self._leave(generation, event)
                else:
                    generation.job.emit(event)

    def _closed(self) -> EngineUnreachable:
        if self._is_stopping:
            return EngineUnreachable("The engine is stopping.")
        return EngineUnreachable("The engine has failed.", remedy=RESTART)

    def _end_all(self) -> None:
        """Answer everybody who waits; nobody is taken on any more."""
        for generation in list(self._running):
            is_over = self._is_stopping
            event = generation.finish("cancelled") if is_over else ErrorEvent(self._closed())
            self._leave(generation, event)
        while (job := self._queue.pop()) is not None:
            job.emit(ErrorEvent(self._closed()))
        while self._calls:
            future = self._calls.popleft()[1]
            if future.set_running_or_notify_cancel():
                future.set_exception(self._closed())


def _known(error: Exception) -> UnoError:
    return error if isinstance(error, UnoError) else InferenceError(f"Step: {error!r}")
