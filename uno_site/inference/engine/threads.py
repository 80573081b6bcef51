"""How many threads llama.cpp may use now.

Its threads spin at barriers: with two threads and one core taken by somebody else (a
training run, say) a token takes a hundred times longer than with one thread. So the engine
watches what the other processes use and takes only cores that are free.
"""

from __future__ import annotations

import os
import time

import psutil

INTERVAL_S = 0.5
# A core counts as taken by others from this share on.
TAKEN_SHARE = 0.35


def count_cores() -> int:
    """Physical cores that this process may run on."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return max(1, min(physical, allowed or physical))


def choose_threads(n_max: int, n_cores: int, busy_others: float) -> int:
    """Threads to use when other processes keep ``busy_others`` cores busy (0..n_cores)."""
    n_taken = int(busy_others + 1 - TAKEN_SHARE)
    return max(1, min(n_max, n_cores - n_taken))


class ThreadGovernor:
    """Measures, at most twice a second, how busy the other processes are."""

    def __init__(self, n_max: int) -> None:
        self._n_max = n_max
        self._n_cores = psutil.cpu_count() or n_max
        self._process = psutil.Process()
        self._n_threads = n_max
        self._last = self._read()

    def n_threads(self) -> int:
        """The number of threads for the next step."""
        if self._n_max == 1 or time.monotonic() - self._last[0] < INTERVAL_S:
            return self._n_threads
        now = self._read()
        wall = now[0] - self._last[0]
        busy_others = max(0.0, (now[1] - self._last[1]) - (now[2] - self._last[2])) / wall
        self._n_threads = choose_threads(self._n_max, self._n_cores, busy_others)
        self._last = now
        return self._n_threads

    def _read(self) -> tuple[float, float, float]:
        """Wall clock, busy seconds of all cores, busy seconds of this process."""
        total = psutil.cpu_times()
        own = self._process.cpu_times()
        busy = sum(total) - total.idle - getattr(total, "iowait", 0.0)
        busy -= getattr(total, "guest", 0.0) + getattr(total, "guest_nice", 0.0)
        return time.monotonic(), busy, own.user + own.system
