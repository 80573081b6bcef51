"""The adapters that are loaded now, by name."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uno_site.inference.engine.backend import Adapter
from uno_site.inference.errors import AdapterInvalid, EngineRefused

logger = logging.getLogger(__name__)

MAX_ADAPTERS = 64


@dataclass(eq=False, slots=True)
class LoadedAdapter:
    """An adapter in memory; it is freed when it was unloaded and its last request has left."""

    name: str
    path: str
    adapter: Adapter
    n_users: int = 0
    is_retired: bool = False


class AdapterRegistry:
    """Names, paths and use counts. ``load`` and ``free`` run on the context's thread."""

    def __init__(self, load: Callable[[str], Adapter], free: Callable[[Adapter], None]) -> None:
        self._load, self._free = load, free
        self._lock = threading.Lock()
        self._loaded: dict[str, LoadedAdapter] = {}

    def all(self) -> list[LoadedAdapter]:
        """The loaded adapters, oldest first."""
        with self._lock:
            return list(self._loaded.values())

    def load(self, name: str, path: str) -> None:
        """Load the adapter; does nothing when ``name`` is loaded from ``path`` already.

        Raises
        ------
        AdapterInvalid
            The adapter cannot be served.
        EngineRefused
            The name is taken by another path, or too many adapters are loaded.
        """
        if self._is_loaded(name, path):
            return
        if not Path(path).is_dir():
            raise AdapterInvalid(
                f"There is no adapter folder {path}.",
                remedy="Give the folder that holds adapter_config.json, on the engine's machine.",
            )
        adapter = self._load(path)
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = LoadedAdapter(name, path, adapter)
                logger.info("adapter loaded name=%s path=%s", name, path)
                return
        self._free(adapter)  # somebody else loaded the name meanwhile
        self._is_loaded(name, path)

    def unload(self, name: str) -> None:
        """Take ``name`` away from new requests; running ones finish with it.

        Raises
        ------
        EngineRefused
            No such adapter.
        """
        with self._lock:
            entry = self._loaded.pop(name, None)
            if entry is None:
                raise EngineRefused(f"No adapter {name!r} is loaded.")
            entry.is_retired = True
            is_unused = entry.n_users == 0
        if is_unused:
            self._free(entry.adapter)
        logger.info("adapter unloaded name=%s", name)

    def acquire(self, name: str) -> LoadedAdapter | None:
        """The adapter, counted as in use; ``None`` when it is not loaded."""
        with self._lock:
            entry = self._loaded.get(name)
            if entry is not None:
                entry.n_users += 1
            return entry

    def release(self, entry: LoadedAdapter) -> None:
        """End one use; the last one of a retired adapter frees it."""
        with self._lock:
            entry.n_users -= 1
            is_last = entry.is_retired and entry.n_users == 0
        if is_last:
            self._free(entry.adapter)

    def _is_loaded(self, name: str, path: str) -> bool:
        with self._lock:
            entry = self._loaded.get(name)
            n_loaded = len(self._loaded)
        if entry is not None and entry.path != path:
            raise EngineRefused(
                f"Adapter {name!r} is loaded from {entry.path} already, not from {path}.",
                remedy="Unload it first, or choose another name.",
            )
        if entry is None and n_loaded >= MAX_ADAPTERS:
            raise EngineRefused(
                f"{n_loaded} adapters are loaded, which is the most.", remedy="Unload one first."
            )
        return entry is not None
