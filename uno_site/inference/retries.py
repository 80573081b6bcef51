"""Which failures are worth another try, and when."""

from __future__ import annotations

import logging
from typing import Any

import tenacity

from uno_site.inference.errors import (
    CircuitOpen,
    EngineBusy,
    EngineFailed,
    EngineTimedOut,
    EngineUnreachable,
)
from uno_site.inference.policy import CallKind, RetryLimits
from uno_site.inference.replicas import Journey, ReplicaSet

logger = logging.getLogger(__name__)


def is_worth_retrying(error: BaseException, kind: CallKind) -> bool:
    """Whether the same call may be made again.

    Every call may be repeated: none changes anything that a second one would change again.
    But a reply that was not ready in time is still being written, and an adapter still being
    read: asking once more would double the load of an engine that is too slow already.
    """
    if isinstance(error, CircuitOpen):
        return False
    if isinstance(error, EngineTimedOut):
        return kind not in (CallKind.GENERATE, CallKind.ADAPTER)
    return isinstance(error, EngineUnreachable | EngineBusy | EngineFailed)


def retry_options(journey: Journey, replicas: ReplicaSet, limits: RetryLimits) -> dict[str, Any]:
    """Options of a tenacity retrier for one call.

    A replica that has not been tried is tried at once; only then a pause is made, longer each
    time, or as long as a busy server asks for.
    """
    backoff = tenacity.wait_exponential_jitter(
        multiplier=limits.first_wait, max=limits.max_wait, jitter=limits.first_wait
    )

    def wait(state: tenacity.RetryCallState) -> float:
        if replicas.has_untried(journey):
            return 0.0
        error = state.outcome.exception() if state.outcome else None
        asked_for = error.retry_after_s if isinstance(error, EngineBusy) else 0.0
        return max(backoff(state), min(asked_for, limits.max_wait))

    def is_retried(error: BaseException) -> bool:
        is_anybody_there = journey.only is not None or bool(replicas.ready())
        return is_anybody_there and is_worth_retrying(error, journey.call.kind)

    n_others = 0 if journey.only is not None else len(replicas.replicas) - 1
    return {
        "stop": tenacity.stop_after_attempt(limits.n_attempts + n_others),
        "wait": wait,
        "retry": tenacity.retry_if_exception(is_retried),
        "before_sleep": tenacity.before_sleep_log(logger, logging.INFO),
        "reraise": True,
    }
