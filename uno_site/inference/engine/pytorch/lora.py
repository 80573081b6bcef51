"""Several LoRAs in one transformers model, each row of a batch with its own."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import delete_adapter

from uno_site.inference.engine.pytorch.model import TorchModel
from uno_site.inference.peft_folder import LoraFolder, check_config, check_shapes, unsupported
from uno_site.inference.protocol import FloatArray

#: PEFT's name for a row without an adapter.
BASE = "__base__"
_IN_A_LAYER = re.compile(r"\.\d+\.")


@dataclass(frozen=True, slots=True)
class TorchAdapter:
    """An adapter in the model, under a name of our own: PEFT allows no dots in names."""

    name: str


class LoraMixer:
    """Puts adapters into a model and says which row of the next batch has which one.

    PEFT's own context for mixed batches walks over all modules and hangs a hook on each at every
    forward pass. Here the hook is hung once, when a module is adapted for the first time.
    """

    def __init__(self, model: TorchModel) -> None:
        self._model = model
        self._rows: list[str] = []
        self._names = (f"adapter{number}" for number in count())
        self._hooked: set[torch.nn.Module] = set()
        # (n_inputs, n_outputs) of the matrices that can be adapted: those of the layers.
        self._shapes = {
            name: (module.in_features, module.out_features)
            for name, module in model.network.named_modules()
            if isinstance(module, torch.nn.Linear) and _IN_A_LAYER.search(name)
        }

    def check(self, lora: LoraFolder) -> dict[str, FloatArray]:
        """The adapter's matrices as ``<module>.lora_a`` and ``<module>.lora_b``.

        Raises
        ------
        AdapterInvalid
            It is not a plain LoRA of this model.
        """
        check_config(lora)
        weights = lora.weights()
        for module, _ in weights:
            if module not in self._shapes:
                raise unsupported(lora.path, f"an adapted module {module!r}")
        tensors = {f"{module}.lora_{part}": value for (module, part), value in weights.items()}
        check_shapes(tensors, self._shapes, lora)
        return tensors

    def load(self, lora: LoraFolder, tensors: dict[str, FloatArray]) -> TorchAdapter:
        """Put a checked adapter into the model; between two batches."""
        modules = sorted({key.rsplit(".", 1)[0] for key in tensors})
        adapter = TorchAdapter(next(self._names))
        config = LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,  # type: ignore[arg-type]
            target_modules=modules,
            init_lora_weights=False,
            inference_mode=True,
        )
        network = self._model.network
        with warnings.catch_warnings():
            # That the model has adapters already is what is meant here.
            warnings.filterwarnings("ignore", message="Already found a `peft_config`")
            inject_adapter_in_model(config, network, adapter.name)
        for name in modules:
            self._fill(network.get_submodule(name), adapter.name, name, tensors)
        return adapter

    def unload(self, adapter: TorchAdapter) -> None:
        """Take an adapter out of the model and free its memory."""
        network = self._model.network
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Adapter .* was active")
            delete_adapter(network, adapter.name, prefix="lora_", layer_cls=LoraLayer)
        network.peft_config.pop(adapter.name)
        if self._model.device.type == "cuda":
            torch.cuda.empty_cache()

    def choose(self, rows: Sequence[TorchAdapter | None]) -> None:
        """The adapter of each row of the next forward pass."""
        self._rows[:] = [adapter.name if adapter else BASE for adapter in rows]

    def _fill(self, layer: Any, adapter: str, name: str, tensors: dict[str, FloatArray]) -> None:
        for part, matrices in (("a", layer.lora_A), ("b", layer.lora_B)):
            weight = matrices[adapter].weight
            weight.data.copy_(torch.from_numpy(tensors[f"{name}.lora_{part}"]))
            # In the base's precision: PEFT would compute a bfloat16 row's adapter in float32.
            matrices[adapter].to(self._model.dtype)
        layer.eval()
        if layer not in self._hooked:
            layer.register_forward_pre_hook(self._name_rows, with_kwargs=True)
            self._hooked.add(layer)

    def _name_rows(self, _layer: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any]:
        return args, kwargs | {"adapter_names": self._rows}
