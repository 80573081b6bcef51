"""The torch backend put together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from uno_site.inference.engine.models import ServedModel
from uno_site.inference.engine.pytorch.context import TorchContext
from uno_site.inference.engine.pytorch.lora import LoraMixer, TorchAdapter
from uno_site.inference.engine.pytorch.model import TorchModel
from uno_site.inference.peft_folder import read_lora_folder


class TorchBackend:
    """Implements :class:`~uno_site.inference.engine.backend.Backend`.

    ``device`` is the GPU where there is one.
    """

    def __init__(self, served: ServedModel, device: torch.device | None = None) -> None:
        self.model = TorchModel(served.path, device)
        self._mixer = LoraMixer(self.model)
        self._sha256 = served.sha256

    def make_context(self, *, n_slots: int, n_context: int, n_threads: int) -> TorchContext:
        """Room for ``n_slots`` sequences, on the model's device."""
        context = TorchContext(self.model, self._mixer, n_slots, n_context)
        context.set_threads(n_threads)
        return context

    def read_adapter(self, folder: Path) -> Callable[[], TorchAdapter]:
        """Check a PEFT folder against the served base."""
        lora = read_lora_folder(folder, base_sha256=self._sha256)
        return partial(self._mixer.load, lora, self._mixer.check(lora))
