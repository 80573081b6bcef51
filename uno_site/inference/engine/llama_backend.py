"""The llama.cpp backend: a GGUF model, GGUF adapters and GBNF grammars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from uno_site.inference.engine.llama import Adapter, Context, Model
from uno_site.inference.engine.models import ServedModel
from uno_site.inference.gguf_header import read_gguf_header
from uno_site.inference.peft_gguf import convert_adapter


class LlamaBackend:
    """Implements :class:`~uno_site.inference.engine.backend.Backend`.

    :func:`~uno_site.inference.engine.llama.start_backend` must have been called.
    """

    def __init__(self, served: ServedModel) -> None:
        self.model = Model(served.path)
        self._header = read_gguf_header(served.path)
        self._sha256 = served.sha256

    def make_context(self, *, n_slots: int, n_context: int, n_threads: int) -> Context:
        """One llama.cpp context for all sequences."""
        return Context(self.model, n_slots=n_slots, n_context=n_context, n_threads=n_threads)

    def read_adapter(self, folder: Path) -> Callable[[], Adapter]:
        """Convert the PEFT folder to GGUF, once per content, and check it."""
        converted = convert_adapter(folder, self._header, base_sha256=self._sha256)
        return partial(self.model.load_adapter, converted)
