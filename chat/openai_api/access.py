"""Who may call the public API, and how often: bearer keys only, never a browser's session."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from chat.openai_api.errors import MethodNotAllowed, ServerFault, error_response
from chat.services.limits import Allowance, count_in_minute
from uno_site.accounts.api_keys import api_key_check_scope, api_key_find, usage_add
from uno_site.accounts.models import ApiKey, Scope
from uno_site.errors import UnoError
from uno_site.runtime.services import runtime_setting

logger = logging.getLogger(__name__)

View = Callable[..., Awaitable[HttpResponseBase]]


class RateLimited(UnoError):
    """A key that was used too often within a minute."""

    code = "rate_limit_exceeded"
    status = 429

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            f"This API key may send {allowance.limit} requests within a minute.",
            remedy=f"Try again in {allowance.reset_seconds} seconds.",
        )
        self.allowance = allowance


@dataclass(frozen=True, slots=True)
class Call:
    """An admitted request: by which key (with its user), and what that may still send."""

    key: ApiKey
    allowance: Allowance


def endpoint(verb: str, scope: Scope | None = None) -> Callable[[View], View]:
    """Make an async view of the public API: ``view(request, call, …)``.

    The view is reached with ``verb`` and a usable key that has ``scope``; whatever it
    raises is answered in OpenAI's shape.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        async def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                _check_method(request, verb)
                token = bearer_token(request)
                call = await sync_to_async(call_admit)(token, scope)
                response = await view(request, call, *args, **kwargs)
                return _with_allowance(response, call.allowance)
            except UnoError as error:
                return _refused(error, verb)
            except Exception:
                logger.exception("%s %s failed", request.method, request.path)
                return error_response(ServerFault("Something unexpected failed on the server."))

        return answered

    return decorate


def bearer_token(request: HttpRequest) -> str:
    """The key that the request carries; empty for none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def call_admit(token: str, scope: Scope | None) -> Call:
    """Let a request in, and count it.

    Raises
    ------
    ApiKeyInvalid, ScopeMissing, RateLimited
    """
    key = api_key_find(token)
    if scope is not None:
        api_key_check_scope(key, scope)
    limit = runtime_setting("api_requests_per_minute")
    allowance = count_in_minute(f"api-requests:{key.pk}", limit=limit)
    if allowance.is_exceeded:
        raise RateLimited(allowance)
    usage_add(key, n_requests=1)
    return Call(key, allowance)


def _check_method(request: HttpRequest, verb: str) -> None:
    if request.method != verb:
        raise MethodNotAllowed(
            f"{request.method} is not taken at {request.path}.", remedy=f"Send {verb}."
        )


def _refused(error: UnoError, verb: str) -> HttpResponseBase:
    response = error_response(error)
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = verb
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.allowance.reset_seconds)
        _with_allowance(response, error.allowance)
    return response


def _with_allowance(response: HttpResponseBase, allowance: Allowance) -> HttpResponseBase:
    """The headers by which OpenAI's clients slow down."""
    response["x-ratelimit-limit-requests"] = str(allowance.limit)
    response["x-ratelimit-remaining-requests"] = str(allowance.n_left)
    response["x-ratelimit-reset-requests"] = f"{allowance.reset_seconds}s"
    return response
