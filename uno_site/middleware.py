"""Middleware of the site.

All of it serves both kinds of request, so that an async view (a streamed reply) keeps no
thread waiting.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
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
