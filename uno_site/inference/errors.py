"""Errors of the inference protocol; every engine and client raises these and no others."""

from __future__ import annotations

from uno_site.errors import UnoError


class InferenceError(UnoError):
    """Base of all inference errors.

    ``said`` is what the engine itself answered, without the address that the message may
    name: the part of it that strangers may read.
    """

    code = "inference_error"
    status = 502

    def __init__(self, message: str, *, remedy: str = "", said: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.said = said or message


class EngineUnreachable(InferenceError):
    """Nobody answers at the engine's URL, or the connection broke."""

    code = "engine_unreachable"
    status = 503


class EngineTimedOut(EngineUnreachable):
    """The engine was reached, but kept its answer for longer than the call may take."""


class CircuitOpen(EngineUnreachable):
    """Every replica failed lately and is left alone for a moment: nothing was asked."""


class EngineFailed(InferenceError):
    """The engine answered with an error of its own (HTTP 5xx)."""

    code = "engine_failed"


class EngineBusy(InferenceError):
    """The engine's queue is full; trying again later will help.

    ``retry_after_s`` is what the server asked for in ``Retry-After``, 0 if it did not.
    """

    code = "engine_busy"
    status = 503
    retry_after_s = 0.0


class EngineRefused(InferenceError):
    """The engine answered, and said no (bad request, unknown model, too long a prompt)."""

    code = "engine_refused"
    status = 400


class AdapterNotLoaded(EngineRefused):
    """An adapter whose load the engine answered with a failure: memory or disk were short, say.
    Nothing is known to be wrong with the adapter, and later it may be loaded."""

    code = "adapter_not_loaded"


#: What an engine that is there has answered, as opposed to one that is away or too slow.
ANSWERED = (EngineRefused, EngineFailed, EngineBusy)


class BaseInvalid(InferenceError):
    """A base model that cannot be loaded, or is not the one that was asked for."""

    code = "base_invalid"
    status = 500


class AdapterInvalid(EngineRefused):
    """An adapter that cannot be loaded: corrupt, of another base, or of an unsupported kind."""

    code = "adapter_invalid"
