"""Middleware of the site.

All of it serves both kinds of request, so that an async view (a streamed reply) keeps no
thread waiting.
"""

from __future__ import annotations

from functools import wraps
from inspect import isawaitable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from whitenoise.middleware import WhiteNoiseMiddleware

from uno_site.errors import UnoError


class ErrorPageMiddleware(MiddlewareMixin):
    """Turn an :class:`UnoError` that reaches a view's edge into a page or a fragment."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render the error with its own status; other exceptions take Django's way."""
        if not isinstance(exception, UnoError):
            return None
        template = "components/error.html" if getattr(request, "htmx", False) else "error.html"
        return render(request, template, {"error": exception}, status=exception.status)


#: Everything comes from here; scripts and styles from files only. ``'self'`` covers WebSockets.
CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


class ContentSecurityPolicyMiddleware(MiddlewareMixin):
    """Let browsers run and show only what this site serves as files.

    A view may loosen single directives: ``csp_relaxed`` decorates it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Add the header, with what the view asked for."""
        policy = CONTENT_SECURITY_POLICY | getattr(response, "csp", {})
        text = "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
        response.headers.setdefault("Content-Security-Policy", text)
        return response


def csp_relaxed(view: Any, **directives: str) -> Any:
    """The view, its answers with these directives (``style_src="'self' 'unsafe-inline'"``)."""

    @wraps(view)
    def relaxed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.csp = {name.replace("_", "-"): value for name, value in directives.items()}
        return response

    return relaxed


#: What lies below reads its bodies itself and answers errors in a shape of its own.
PUBLIC_API = "/v1/"


class NulMiddleware(MiddlewareMixin):
    """Take NUL out of what an address or a form says: PostgreSQL keeps none and looks for none."""

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Clean both before the view reads them."""
        if _has_nul(request.GET):
            request.GET = _without_nul(request.GET)
        # The body of another method, or of the public API, is JSON or nothing.
        is_form = request.method == "POST" and not request.path_info.startswith(PUBLIC_API)
        if is_form and _has_nul(request.POST):
            request.POST = _without_nul(request.POST)


def _has_nul(data: QueryDict) -> bool:
    return any("\x00" in value for values in data.lists() for value in values[1])


def _without_nul(data: QueryDict) -> QueryDict:
    cleaned = data.copy()
    for name, values in data.lists():
        cleaned.setlist(name, [value.replace("\x00", "") for value in values])
    return cleaned


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, for async requests too."""

    async_capable = True

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """The static file, or what the site answers; awaitable where the site is async."""
        return self._answer(request) if iscoroutinefunction(self) else super().__call__(request)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        answer = super().__call__(request)
        return await answer if isawaitable(answer) else answer
