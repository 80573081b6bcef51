"""Adapters in the engine's memory: loaded for a while, and let go without fuss."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from training.models import Adapter
from uno_site.engine_clients import adapter_source, served_client
from uno_site.inference.errors import InferenceError
from uno_site.inference.protocol import InferenceClient

logger = logging.getLogger(__name__)

#: What this process tries out now, name to path.
_on_trial: dict[str, str] = {}


@adapter_source
def trial_adapters() -> dict[str, str]:
    """An engine that was started anew gets these back too, so that the trial goes on."""
    return dict(_on_trial)


@contextmanager
def loaded(client: InferenceClient, name: str, path: str) -> Iterator[str]:
    """Load an adapter under a temporary name for the length of the block."""
    client.load_adapter(name, path)
    _on_trial[name] = path
    try:
        yield name
    finally:
        del _on_trial[name]
        _unload(client, name)


def unload_quietly(adapters: Iterable[Adapter]) -> None:
    """Let go of adapters that are no longer served; an engine that is away has let go already."""
    for adapter in adapters:
        _unload(served_client(), adapter.name)


def unload_names(names: Iterable[str]) -> None:
    """The same by name, for adapters whose rows may be gone."""
    for name in names:
        _unload(served_client(), name)


def _unload(client: InferenceClient, name: str) -> None:
    try:
        client.unload_adapter(name)
    except InferenceError as error:
        logger.info("%s was not unloaded: %s", name, error)
