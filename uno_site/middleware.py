"""Middleware of the site."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from uno_site.errors import UnoError


class ErrorPageMiddleware:
    """Turn an :class:`UnoError` that reaches a view's edge into a page or a fragment."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render the error with its own status; other exceptions take Django's way."""
        if not isinstance(exception, UnoError):
            return None
        template = "components/error.html" if getattr(request, "htmx", False) else "error.html"
        return render(request, template, {"error": exception}, status=exception.status)
