"""The clients of the served engine, configured from the settings."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.client import HttpClient


@cache
def served_client() -> HttpClient:
    """The blocking client of the served engine, for jobs and commands."""
    return HttpClient(settings.UNO.engine_url, token=settings.UNO.engine_token)


def served_async_client() -> AsyncHttpClient:
    """A client of the served engine for the running event loop."""
    return AsyncHttpClient(settings.UNO.engine_url, token=settings.UNO.engine_token)


def base_model_name() -> str:
    """The name under which the engine serves the base model."""
    return str(settings.UNO.base_model)
