"""The replicas of one engine: which are in service, and which gets the next call.

No I/O: the gateways do the asking and tell what came of it. One set may be shared by many
clients, threads and event loops of a process, so that all of them learn from each failure.
"""

from __future__ import annotations

import itertools
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from uno_site.inference.breaker import CircuitBreaker
from uno_site.inference.calls import Call
from uno_site.inference.errors import (
    ANSWERED,
    CircuitOpen,
    EngineBusy,
    EngineRefused,
    InferenceError,
)
from uno_site.inference.policy import BreakerLimits, CallKind


def split_urls(text: str) -> list[str]:
    """The URLs of a comma-separated list, each once, without a slash at the end."""
    urls = (part.strip().rstrip("/") for part in text.split(","))
    return list(dict.fromkeys(url for url in urls if url))


@dataclass(eq=False, slots=True)
class Replica:
    """One server.

    ``adapters`` are known to be loaded there (name to path), ``lacking`` could not be loaded
    there (name to reason); both only as far as this process has seen.
    """

    url: str
    breaker: CircuitBreaker
    n_outstanding: int = 0
    adapters: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether it is in service."""
        return self.breaker.state == "closed"

    def has(self, name: str, path: str) -> bool:
        """Whether the adapter is known to be loaded from there."""
        return self.adapters.get(name) == path

    def note_loaded(self, name: str, path: str) -> None:
        """The adapter has been loaded."""
        self.adapters = {**self.adapters, name: path}
        self.lacking = {key: why for key, why in self.lacking.items() if key != name}

    def note_gone(self, name: str) -> None:
        """The adapter has been taken away."""
        self.adapters = {key: path for key, path in self.adapters.items() if key != name}

    def forget(self) -> None:
        """Nothing is known of its adapters any more: it may have been started anew."""
        self.adapters, self.lacking = {}, {}

    def note_lacking(self, name: str, why: str) -> None:
        """The adapter could not be loaded."""
        self.note_gone(name)
        self.lacking = {**self.lacking, name: why}


@dataclass(slots=True)
class Journey:
    """One call on its way: where it may go, and where it has been."""

    call: Call
    only: Replica | None = None
    tried: set[Replica] = field(default_factory=set)


class ReplicaSet:
    """All replicas of one engine. Thread-safe.

    Parameters
    ----------
    urls
        One or more, without ``/v1``; as a list or separated by commas.
    limits
        When a replica is left alone.
    clock
        For tests.

    Raises
    ------
    InferenceError
        There is no URL.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        limits: BreakerLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        found = split_urls(urls if isinstance(urls, str) else ",".join(urls))
        if not found:
            raise InferenceError(
                f"{urls!r} names no engine.", remedy="Set UNO_ENGINE_URL to an engine's URL."
            )
        limits = limits or BreakerLimits()
        self.replicas = tuple(Replica(url, CircuitBreaker(limits, clock)) for url in found)
        #: Adapters that a client of this process asked to be loaded, name to path.
        self.asked_for: dict[str, str] = {}
        self._lock = threading.Lock()
        self._turn = itertools.count()

    @property
    def urls(self) -> list[str]:
        """The replicas' URLs."""
        return [replica.url for replica in self.replicas]

    def ready(self) -> list[Replica]:
        """The replicas in service."""
        return [replica for replica in self.replicas if replica.is_ready]

    def due(self) -> Iterator[Replica]:
        """Replicas whose pause is over, one after the other, for the caller alone to probe."""
        return (replica for replica in self.replicas if replica.breaker.begin_probe())

    def choose(self, journey: Journey) -> Replica:
        """The replica that gets the call: one that it has not been to, with the least to do.

        Among equals a user's calls stay together, where the conversation may still be in the
        engine's memory; calls of nobody go round.

        Raises
        ------
        CircuitOpen
            None is in service.
        """
        if journey.only is not None:
            return journey.only
        ready, turn = self.ready(), next(self._turn)
        if not ready:
            raise self.out_of_service()
        call = journey.call

        def cost(item: tuple[int, Replica]) -> tuple[bool, bool, int, int]:
            index, replica = item
            stay = zlib.crc32(f"{call.user} {replica.url}".encode())
            tie = stay if call.user else (index - turn) % len(ready)
            return (
                replica in journey.tried,
                call.model in replica.lacking,
                replica.n_outstanding,
                tie,
            )

        return min(enumerate(ready), key=cost)[1]

    def has_untried(self, journey: Journey) -> bool:
        """Whether the call can go to a replica that it has not been to."""
        return journey.only is None and any(r not in journey.tried for r in self.ready())

    @contextmanager
    def lease(self, replica: Replica, kind: CallKind) -> Iterator[None]:
        """Count a call for as long as it lasts, and learn from how it ends.

        An adapter that an engine cannot load says nothing of how it serves the others.
        """
        is_well = ANSWERED if kind == CallKind.ADAPTER else (EngineBusy, EngineRefused)
        with self._lock:
            replica.n_outstanding += 1
        try:
            yield
        except is_well:
            replica.breaker.record_success()
            raise
        except InferenceError as error:
            replica.forget()
            replica.breaker.record_failure(str(error))
            raise
        else:
            replica.breaker.record_success()
        finally:
            with self._lock:
                replica.n_outstanding -= 1

    def out_of_service(self) -> CircuitOpen:
        """The error that says why nobody is asked."""
        first = min(self.replicas, key=lambda replica: replica.breaker.seconds_left)
        who = (
            f"The engine at {first.url} has failed repeatedly"
            if len(self.replicas) == 1
            else f"All {len(self.replicas)} engines have failed repeatedly"
        )
        return CircuitOpen(
            f"{who} and is asked again in {first.breaker.seconds_left:.1f} s. "
            f"The last failure at {first.url}: {first.breaker.last_error}",
            remedy="`manage.py engines` shows every engine's state.",
        )
