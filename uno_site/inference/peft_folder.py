"""A PEFT LoRA folder as it lies on disk: read without torch, and refused by name if unfit.

Both engines serve the same adapters: plain LoRAs of the attention and MLP projections. Whatever
one of them would silently drop is refused here. Nothing is unpickled: weights are read from
``adapter_model.safetensors`` only.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize

from uno_site.inference.errors import AdapterInvalid
from uno_site.inference.protocol import FloatArray

_REFUSED_WHEN_SET = (
    "use_dora",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
    "trainable_token_indices",
    "target_parameters",
    "layer_replication",
    "alora_invocation_tokens",
    "lora_bias",
    "fan_in_fan_out",
    "use_qalora",
    "use_bdlora",
    "arrow_config",
    "kasa_config",
    "velora_config",
    "monteclora_config",
)
_BASE_CHANGING_INITS = ("pissa", "olora", "corda", "loftq", "lora_ga")
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_KEY = re.compile(r"^base_model\.model\.(?P<module>.+)\.lora_(?P<part>[AB])\.weight$")
_DTYPES: dict[str, Any] = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


@dataclass(frozen=True, slots=True)
class LoraFolder:
    """A folder's two files, read; ``sha256`` is the digest of both."""

    path: Path
    config: Mapping[str, Any]
    content: bytes
    sha256: str

    @property
    def rank(self) -> int:
        """The LoRA's rank r."""
        return int(self.config["r"])

    @property
    def alpha(self) -> float:
        """The alpha with which ``alpha / r`` is PEFT's scale, rank-stabilised or not."""
        alpha = float(self.config["lora_alpha"])
        return alpha * math.sqrt(self.rank) if self.config.get("use_rslora") else alpha

    def weights(self) -> dict[tuple[str, str], FloatArray]:
        """The tensors in float32, by the adapted module's name and ``a`` or ``b``.

        Raises
        ------
        AdapterInvalid
            The file is damaged, or holds something else than pairs of a LoRA.
        """
        found = {}
        for key, value in _read_weights(self.content, self.path / WEIGHTS).items():
            match = _KEY.match(key)
            if match is None:
                raise unsupported(self.path, f"tensor {key!r}")
            found[match["module"], match["part"].lower()] = value
        return found


def read_lora_folder(path: Path, *, base_sha256: str) -> LoraFolder:
    """Read a PEFT folder.

    Raises
    ------
    AdapterInvalid
        A file is missing or damaged, or an ``uno.json`` in the folder names another base.
    """
    config = read_json(path / CONFIG)
    content = _read_bytes(path / WEIGHTS)
    _check_base(path, base_sha256)
    return LoraFolder(path, config, content, _digest(content, config))


def check_config(lora: LoraFolder) -> None:
    """Refuse every kind of adapter but a plain LoRA.

    Raises
    ------
    AdapterInvalid
        Names the setting that cannot be served.
    """
    config, folder = lora.config, lora.path
    if config.get("peft_type") != "LORA":
        raise unsupported(folder, f"peft_type {config.get('peft_type')!r}")
    for key in _REFUSED_WHEN_SET:
        if config.get(key):
            raise unsupported(folder, f"{key}={config[key]!r}")
    if config.get("bias", "none") != "none":
        raise unsupported(folder, f"bias={config['bias']!r}")
    init = config.get("init_lora_weights")
    if isinstance(init, str) and init.lower().startswith(_BASE_CHANGING_INITS):
        raise unsupported(folder, f"init_lora_weights={init!r} (it changes the base's weights)")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise unsupported(folder, f"r={rank!r}, lora_alpha={alpha!r}")


def check_shapes(
    tensors: Mapping[str, FloatArray], shapes: Mapping[str, tuple[int, ...]], lora: LoraFolder
) -> None:
    """Refuse tensors that do not fit the base model, and values that are not finite.

    Parameters
    ----------
    tensors
        ``<name>.lora_a`` and ``<name>.lora_b`` for each adapted matrix.
    shapes
        ``(n_inputs, n_outputs)`` of the base model's matrices by the same names.

    Raises
    ------
    AdapterInvalid
        Names the matrix.
    """
    folder, rank = lora.path, lora.rank
    if not tensors:
        raise unsupported(folder, "an adapter without weights")
    for name in {key.rsplit(".", 1)[0] for key in tensors}:
        a, b = tensors.get(f"{name}.lora_a"), tensors.get(f"{name}.lora_b")
        if a is None or b is None:
            raise unsupported(folder, f"half a pair for {name!r}")
        found = (a.shape, b.shape)
        n_in, n_out = (*shapes.get(name, ()), 0, 0)[:2]
        if found != ((rank, n_in), (n_out, rank)):
            raise wrong_base(folder, name, found, ((rank, n_in), (n_out, rank)))
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise unsupported(folder, f"values that are not finite in {name!r}")


def unsupported(folder: Path, what: str) -> AdapterInvalid:
    """An adapter of a kind that cannot be served."""
    return AdapterInvalid(
        f"Adapter {folder} has {what}, which cannot be served.",
        remedy="Train a plain LoRA of the attention and MLP projections.",
    )


def wrong_base(folder: Path, name: str, found: object, expected: object) -> AdapterInvalid:
    """An adapter whose matrix ``name`` has not the base model's shape."""
    return AdapterInvalid(
        f"Adapter {folder} does not fit the base: {name} has shape {found}, wanted {expected}.",
        remedy="Load it beside the base model that it was trained on.",
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object out of an adapter's folder."""
    try:
        value = json.loads(_read_bytes(path))
    except ValueError as error:
        raise AdapterInvalid(f"{path} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise AdapterInvalid(f"{path} holds {type(value).__name__}, not a JSON object.")
    return value


def _check_base(folder: Path, base_sha256: str) -> None:
    path = folder / "uno.json"
    recorded = str(read_json(path).get("base_sha256", "")) if path.exists() else ""
    if recorded and base_sha256 and recorded != base_sha256:
        raise AdapterInvalid(
            f"Adapter {folder} was trained on base {recorded[:12]}, "
            f"the engine serves {base_sha256[:12]}.",
            remedy="Train it again on the served base, or serve the base it was trained on.",
        )


def _read_weights(content: bytes, path: Path) -> dict[str, FloatArray]:
    try:
        entries: list[tuple[str, dict[str, Any]]] = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise AdapterInvalid(
            f"{path} is damaged: {error}.", remedy="Copy or train the adapter again."
        ) from error
    return {name: _to_float32(entry, name, path) for name, entry in entries}


def _to_float32(entry: Mapping[str, Any], name: str, path: Path) -> FloatArray:
    shape, dtype, data = entry["shape"], str(entry["dtype"]), bytes(entry["data"])
    if dtype == "BF16":  # the upper half of a float32
        bits = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return np.asarray(bits.view(np.float32).reshape(shape))
    if dtype not in _DTYPES:
        raise unsupported(path.parent, f"dtype {dtype} of tensor {name!r}")
    return np.frombuffer(data, _DTYPES[dtype]).astype(np.float32).reshape(shape)


def _digest(content: bytes, config: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(content)
    digest.update(json.dumps(config, sort_keys=True).encode())
    return digest.hexdigest()


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AdapterInvalid(
            f"Cannot read {path}: {error.strerror}.",
            remedy="An adapter folder holds adapter_config.json and adapter_model.safetensors.",
        ) from error
