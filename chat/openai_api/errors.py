"""OpenAI's one shape for errors: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

import logging

from django.http import HttpResponse

from chat.openai_api.bodies import ErrorBody, ErrorDetail, json_response
from uno_site.errors import InvalidInput, UnoError
from uno_site.inference.errors import EngineBusy, EngineRefused, InferenceError

logger = logging.getLogger(__name__)

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
#: Seconds after which a client may try a busy or vanished engine again.
RETRY_SECONDS = 2


class InvalidField(InvalidInput):
    """A field of the request's body that cannot be accepted; ``param`` is its path."""

    def __init__(self, message: str, *, remedy: str = "", param: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.param = param


class UnsupportedField(InvalidField):
    """A field of OpenAI's API that this one does not have."""

    code = "unsupported_parameter"


class ModelUnknown(InvalidField):
    """A model that is not served here."""

    code = "model_not_found"
    status = 404


class NotFound(InvalidField):
    """Nothing is there, or it is somebody else's."""

    code = "not_found"
    status = 404


class MethodNotAllowed(UnoError):
    """Another HTTP method than the address takes."""

    code = "method_not_allowed"
    status = 405


class BodyTooLarge(UnoError):
    """More bytes than a request may have."""

    code = "request_too_large"
    status = 413


class ServerFault(UnoError):
    """Our fault."""

    code = "server_error"
    status = 500


def error_body(error: UnoError) -> ErrorBody:
    """The error as clients read it; addresses and settings of the server are left out."""
    kind = "server_error" if error.status >= 500 else TYPES.get(error.status)
    return ErrorBody(
        error=ErrorDetail(
            message=_public_text(error),
            type=kind or "invalid_request_error",
            param=getattr(error, "param", None),
            code=error.code,
        )
    )


def error_response(error: UnoError) -> HttpResponse:
    """The error as an answer with its own status."""
    response = json_response(error_body(error), status=error.status)
    if error.status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _public_text(error: UnoError) -> str:
    if not isinstance(error, InferenceError):
        return str(error)
    if isinstance(error, EngineRefused | EngineBusy):
        return f"{error.said} {error.remedy}".strip()
    logger.warning("answered %s: %s", error.code, error)
    return "The model cannot be reached right now. Try again in a minute."
