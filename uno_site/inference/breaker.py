"""A circuit breaker: whoever keeps failing is left alone for a while, then tried once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

from uno_site.inference.policy import BreakerLimits

BreakerState = Literal["closed", "open", "half-open"]


class CircuitBreaker:
    """Counts the failures in a row of one replica. Thread-safe.

    Closed, it lets everything pass; ``n_failures`` failures in a row open it. Once the pause is
    over, exactly one caller gets True from :meth:`begin_probe` (half-open) and has to end the
    probe with :meth:`close` or :meth:`fail_probe`. What was asked before the breaker opened and
    ends later changes nothing.

    Parameters
    ----------
    limits
        When it opens, and for how long.
    clock
        Seconds that only grow; tests bring their own.
    """

    def __init__(self, limits: BreakerLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._state: BreakerState = "closed"
        self._n_failures = 0
        self._pause = limits.open_for
        self._retry_at = 0.0
        self._last_error = ""

    @property
    def state(self) -> BreakerState:
        """``closed`` (in service), ``open`` (left alone) or ``half-open`` (being probed)."""
        return self._state

    @property
    def last_error(self) -> str:
        """What the last failure said; empty before any."""
        return self._last_error

    @property
    def seconds_left(self) -> float:
        """Until the next probe; 0 when it is closed or a probe is due."""
        if self._state == "closed":
            return 0.0
        return max(self._retry_at - self._clock(), 0.0)

    def record_success(self) -> None:
        """A call was answered."""
        with self._lock:
            if self._state == "closed":
                self._n_failures = 0

    def record_failure(self, reason: str, *, is_fatal: bool = False) -> None:
        """A call failed; a fatal failure opens the breaker at once."""
        with self._lock:
            if self._state != "closed":
                return
            self._n_failures += 1
            self._last_error = reason
            if is_fatal or self._n_failures >= self._limits.n_failures:
                self._open(self._limits.open_for)

    def begin_probe(self) -> bool:
        """Whether the caller shall probe now; True for one caller only."""
        with self._lock:
            if self._state != "open" or self._clock() < self._retry_at:
                return False
            self._state = "half-open"
            return True

    def close(self) -> None:
        """The probe went well."""
        with self._lock:
            self._state, self._n_failures = "closed", 0

    def fail_probe(self, reason: str) -> None:
        """The probe failed: a longer pause begins."""
        with self._lock:
            self._last_error = reason
            self._open(min(self._pause * 2, self._limits.max_open_for))

    def _open(self, pause: float) -> None:
        self._state, self._pause = "open", pause
        self._retry_at = self._clock() + pause
