"""HTTP answers and transport failures as the errors of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from uno_site.inference.errors import (
    AdapterInvalid,
    AdapterNotLoaded,
    EngineBusy,
    EngineFailed,
    EngineRefused,
    EngineTimedOut,
    EngineUnreachable,
    InferenceError,
)

_BUSY_STATUSES = (429, 503)
_REMEDY = "Is it running, and is UNO_ENGINE_URL right?"


def check_response(response: httpx.Response) -> None:
    """Raise the error that a response of status 400 and above stands for."""
    if response.status_code < 400:
        return
    try:
        body = response.json()
    except ValueError:
        body = {"message": response.text[:200]}
    error = error_from_body(response.status_code, body, str(response.request.url))
    if isinstance(error, EngineBusy):
        error.retry_after_s = _seconds(response.headers.get("retry-after", ""))
    raise error


def error_from_body(status: int, body: Any, url: str) -> InferenceError:
    """The error in UNO's, vLLM's or FastAPI's shape."""
    inner = body.get("error", body) if isinstance(body, Mapping) else {"message": str(body)}
    if not isinstance(inner, Mapping):
        inner = {"message": str(inner)}
    said = str(inner.get("message") or inner.get("detail") or f"HTTP {status}")
    remedy, kind = str(inner.get("remedy", "")), inner.get("type")
    message = said if remedy else f"{url} answered {status}: {said}"
    if kind == AdapterInvalid.code:
        return AdapterInvalid(message, remedy=remedy, said=said)
    if kind == EngineBusy.code or (not remedy and status in _BUSY_STATUSES):
        return EngineBusy(message, remedy=remedy or "Try again in a moment.", said=said)
    if kind == EngineRefused.code or 400 <= status < 500:
        return EngineRefused(message, remedy=remedy, said=said)
    return EngineFailed(message, remedy=remedy or "See the engine's log.", said=said)


def as_refusal(error: InferenceError) -> EngineRefused:
    """An engine's answer that it failed, as the refusal of the adapter that it was to load."""
    if isinstance(error, EngineRefused):
        return error
    return AdapterNotLoaded(error.message, remedy=error.remedy, said=error.said)


def transport_error(url: str, error: httpx.HTTPError) -> InferenceError:
    """A failure below HTTP, told with the URL."""
    if isinstance(error, httpx.PoolTimeout):
        return EngineBusy(
            f"Too many requests to {url} are under way.", remedy="Try again in a moment."
        )
    if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout):
        return EngineTimedOut(f"The engine at {url} did not answer in time.", remedy=_REMEDY)
    why = "no connection in time" if isinstance(error, httpx.TimeoutException) else str(error)
    return EngineUnreachable(
        f"The engine at {url} cannot be reached: {why or type(error).__name__}.", remedy=_REMEDY
    )


def broken_stream(url: str) -> EngineUnreachable:
    """A stream that ended without saying so."""
    return EngineUnreachable(
        f"The reply from {url} broke off.", remedy="The engine may have stopped; try again."
    )


def _seconds(value: str) -> float:
    """``Retry-After`` in seconds; its other form, a date, counts as not given."""
    try:
        return max(float(value), 0.0)
    except ValueError:
        return 0.0
