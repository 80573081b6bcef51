"""How patient a client is: time-outs, retries, and when a replica is left alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import httpx


class CallKind(StrEnum):
    """What is asked of an engine, by how long it may take and whether it may be asked twice."""

    PROBE = "probe"  # is it alive?
    LOOKUP = "lookup"  # models, token ids
    ADAPTER = "adapter"  # load, unload
    EMBED = "embed"
    GENERATE = "generate"  # chat, completions, scores


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for the connection, and by kind of call for the next byte of an answer.

    A reply that is not streamed is one wait; a streamed one may last as long as it goes on.
    """

    connect: float = 5.0
    probe: float = 10.0
    lookup: float = 30.0
    adapter: float = 120.0
    embed: float = 60.0
    generate: float = 300.0

    def of(self, kind: CallKind) -> httpx.Timeout:
        """The time-outs of one call."""
        seconds: float = getattr(self, kind.value)
        return httpx.Timeout(seconds, connect=min(self.connect, seconds))


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """Waits grow from ``first_wait`` (seconds) twofold each time, with jitter, to ``max_wait``."""

    n_attempts: int = 3
    first_wait: float = 0.2
    max_wait: float = 2.0


#: For batches of work that nobody sits and waits for: a full queue is waited for.
PATIENT = RetryLimits(n_attempts=9, max_wait=8.0)


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """After ``n_failures`` in a row a replica is left alone for ``open_for`` seconds.

    Each probe that fails doubles the pause, up to ``max_open_for``: an engine that was started
    again is found within that time.
    """

    n_failures: int = 5
    open_for: float = 0.5
    max_open_for: float = 2.0


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """Everything that a client decides by the clock."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: RetryLimits = field(default_factory=RetryLimits)
    patient_retries: RetryLimits = PATIENT
    breaker: BreakerLimits = field(default_factory=BreakerLimits)
