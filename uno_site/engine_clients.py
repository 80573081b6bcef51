"""The clients of the served engine, configured from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from channels.db import database_sync_to_async
from django.conf import settings

from uno_site.inference.adapter_sync import AdapterSource
from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.client import HttpClient
from uno_site.inference.replicas import ReplicaSet

REFERENCE_EMBEDDER = "all-MiniLM-L6-v2"

_adapter_sources: list[AdapterSource] = []


def adapter_source(source: AdapterSource) -> AdapterSource:
    """Register a function that names adapters which every replica should have.

    The rooms above know which adapters are served; this one does not, and asks them.
    """
    _adapter_sources.append(source)
    return source


def wanted_adapters() -> Mapping[str, str]:
    """The adapters that every replica should have now, name to path."""
    return {name: path for source in _adapter_sources for name, path in source().items()}


@cache
def served_replicas(urls: str) -> ReplicaSet:
    """The replicas at ``urls``; what one client of this process learns of them, all know."""
    return ReplicaSet(urls)


@cache
def served_client() -> HttpClient:
    """The blocking client of the served engine, for jobs and commands."""
    engine, embedder = _replicas()
    return HttpClient(
        engine, settings.UNO.engine_token, embedding_url=embedder, wanted=wanted_adapters
    )


def served_async_client() -> AsyncHttpClient:
    """A client of the served engine for the running event loop."""
    engine, embedder = _replicas()
    return AsyncHttpClient(
        engine,
        settings.UNO.engine_token,
        embedding_url=embedder,
        wanted=database_sync_to_async(wanted_adapters),
    )


def base_model_name() -> str:
    """The name under which the engine serves the base model."""
    return str(settings.UNO.base_model)


def embedder_name() -> str:
    """The embedder's name; vectors of different embedders are never compared."""
    return Path(settings.UNO.embedder_path).name or REFERENCE_EMBEDDER


def _replicas() -> tuple[ReplicaSet, ReplicaSet | str]:
    """The engine's replicas, and the embedder's where they are others."""
    embedding_url = settings.UNO.embedding_url
    return served_replicas(settings.UNO.engine_url), (
        served_replicas(embedding_url) if embedding_url else ""
    )
