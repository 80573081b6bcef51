"""How many threads llama.cpp may use now.

Its threads wait for each other at barriers: with two threads and one core taken by somebody
else (a training run, say) a token takes four times as long as with one thread. So the engine
watches what the other processes use and takes only cores that are free.
"""

from __future__ import annotations

import os
import threading
import time

import psutil

INTERVAL_S = 0.25
# A core counts as taken by others from this share on.
TAKEN_SHARE = 0.35


def count_cores() -> int:
    """Physical cores that this process may run on."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return max(1, min(physical, allowed or physical))


def choose_threads(n_max: int, n_cores: int, busy_others: float) -> int:
    """Threads to use when other processes keep ``busy_others`` cores busy (0..n_cores)."""
    n_taken = int(max(0.0, busy_others) + 1 - TAKEN_SHARE)
    return max(1, min(n_max, n_cores - n_taken))


class ThreadGovernor:
    """Knows how busy the other processes are *now*, by looking all the time.

    A look back over an idle pause would count what ran long ago: the first prompt after a
    minute's training elsewhere would be read with one thread on a machine that is free.
    """

    def __init__(self, n_max: int) -> None:
        self._n_max = n_max
        self._n_cores = psutil.cpu_count() or n_max
        self._process = psutil.Process()
        self._n_threads = n_max
        self._last = self._read()
        self._is_over = threading.Event()

    def start(self) -> None:
        """Begin to look; not needed where there is one thread to give anyway."""
        if self._n_max > 1:
            threading.Thread(target=self._watch, name="thread-governor", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._is_over.set()

    def n_threads(self) -> int:
        """The number of threads for the next step."""
        return self._n_threads

    def look(self) -> None:
        """Decide by what ran since the last look."""
        now = self._read()
        wall, busy, own = (b - a for a, b in zip(self._last, now, strict=True))
        self._n_threads = choose_threads(self._n_max, self._n_cores, (busy - own) / wall)
        self._last = now

    def _watch(self) -> None:
        while not self._is_over.wait(INTERVAL_S):
            self.look()

    def _read(self) -> tuple[float, float, float]:
        """Wall clock, busy seconds of all cores, busy seconds of this process."""
        total = psutil.cpu_times()
        own = self._process.cpu_times()
        busy = sum(total) - total.idle - getattr(total, "iowait", 0.0)
        busy -= getattr(total, "guest", 0.0) + getattr(total, "guest_nice", 0.0)
        return time.monotonic(), busy, own.user + own.system
