"""One shape for every error of the API: ``{"error": {"code", "message", "remedy"}}``."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from uno_site.errors import UnoError


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an :class:`UnoError` with its own status; leave the rest to DRF."""
    if isinstance(exc, UnoError):
        body = {"error": {"code": exc.code, "message": exc.message, "remedy": exc.remedy}}
        return Response(body, status=exc.status)
    return drf_exception_handler(exc, context)
