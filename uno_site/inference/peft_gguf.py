"""PEFT LoRA folder -> GGUF LoRA file, without torch.

llama.cpp applies a LoRA given as pairs ``<tensor>.lora_a`` / ``<tensor>.lora_b``. The
conversion renames the tensors, permutes the query and key rows where the architecture's
GGUF does (``llama`` only), and writes the alpha that makes llama.cpp's ``alpha / r`` equal
to PEFT's scale (``alpha / r``, or ``alpha / sqrt(r)`` with rank-stabilised LoRA).

Whatever would be silently dropped is refused by name. Nothing is unpickled: weights are
read from ``adapter_model.safetensors`` only.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gguf import MODEL_ARCH, GGUFWriter, TensorNameMap, get_tensor_name_map
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from uno_site.inference.errors import AdapterInvalid
from uno_site.inference.gguf_header import GgufHeader

CONVERTER_VERSION = 1
ARCHITECTURES = {
    "llama": MODEL_ARCH.LLAMA,
    "qwen2": MODEL_ARCH.QWEN2,
    "qwen3": MODEL_ARCH.QWEN3,
}
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
_KEY = re.compile(r"^base_model\.model\.(?P<module>.+)\.lora_(?P<part>[AB])\.weight$")
_DTYPES: dict[str, Any] = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}

FloatArray = NDArray[np.float32]


def convert_adapter(folder: Path, base: GgufHeader, *, base_sha256: str) -> Path:
    """Convert the PEFT folder to ``folder/adapter.gguf`` and return that path.

    The result is cached: ``adapter.gguf.json`` beside it records the digest of the source
    and of the base, and a second call with the same source returns at once.

    Parameters
    ----------
    folder
        Holds ``adapter_config.json`` and ``adapter_model.safetensors``.
    base
        The base model's GGUF header: architecture, head counts, tensor shapes.
    base_sha256
        Identity of the base model; an ``uno.json`` in the folder that names another is refused.

    Raises
    ------
    AdapterInvalid
        Missing or damaged files, an unsupported kind of adapter, or another base's shapes.
    """
    config = _read_json(folder / "adapter_config.json")
    weights_path = folder / "adapter_model.safetensors"
    content = _read_bytes(weights_path)
    _check_base(folder, base_sha256)
    target, sidecar = folder / "adapter.gguf", folder / "adapter.gguf.json"
    record = {
        "adapter_sha256": _digest(content, config),
        "base_sha256": base_sha256,
        "converter": CONVERTER_VERSION,
    }
    if target.exists() and sidecar.exists() and _read_json(sidecar) == record:
        return target
    alpha, rank = _check_config(config, folder)
    tensors = _convert_tensors(_read_weights(content, weights_path), base, rank, folder)
    _write(target, tensors, base.architecture, alpha)
    _replace(sidecar, json.dumps(record, indent=1).encode())
    return target


def _check_base(folder: Path, base_sha256: str) -> None:
    path = folder / "uno.json"
    recorded = str(_read_json(path).get("base_sha256", "")) if path.exists() else ""
    if recorded and base_sha256 and recorded != base_sha256:
        raise AdapterInvalid(
            f"Adapter {folder} was trained on base {recorded[:12]}, "
            f"the engine serves {base_sha256[:12]}.",
            remedy="Train it again on the served base, or serve the base it was trained on.",
        )


def _check_config(config: Mapping[str, Any], folder: Path) -> tuple[float, int]:
    """The alpha to write for llama.cpp's ``alpha / r``, and the rank."""
    if config.get("peft_type") != "LORA":
        raise _unsupported(folder, f"peft_type {config.get('peft_type')!r}")
    for key in _REFUSED_WHEN_SET:
        if config.get(key):
            raise _unsupported(folder, f"{key}={config[key]!r}")
    if config.get("bias", "none") != "none":
        raise _unsupported(folder, f"bias={config['bias']!r}")
    init = config.get("init_lora_weights")
    if isinstance(init, str) and init.lower().startswith(_BASE_CHANGING_INITS):
        raise _unsupported(folder, f"init_lora_weights={init!r} (it changes the base's weights)")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise _unsupported(folder, f"r={rank!r}, lora_alpha={alpha!r}")
    return float(alpha) * (math.sqrt(rank) if config.get("use_rslora") else 1.0), rank


def _convert_tensors(
    weights: Mapping[str, FloatArray], base: GgufHeader, rank: int, folder: Path
) -> dict[str, FloatArray]:
    if base.architecture not in ARCHITECTURES:
        raise _unsupported(folder, f"base architecture {base.architecture!r}")
    names = get_tensor_name_map(ARCHITECTURES[base.architecture], base.count("block_count"))
    tensors: dict[str, FloatArray] = {}
    for key, value in weights.items():
        target, part = _target_name(key, names, folder)
        if part == "B" and base.architecture == "llama":
            value = _permute_like_llama(value, target, base, folder)
        tensors[f"{target}.lora_{part.lower()}"] = value
    _check_shapes(tensors, base, rank, folder)
    return tensors


def _target_name(key: str, names: TensorNameMap, folder: Path) -> tuple[str, str]:
    match = _KEY.match(key)
    if match is None:
        raise _unsupported(folder, f"tensor {key!r}")
    module = match["module"]
    name = names.get_name(f"{module}.weight", try_suffixes=(".weight",))
    if name is None or not name.startswith("blk."):
        raise _unsupported(folder, f"an adapted module {module!r}")
    return name, match["part"]


def _permute_like_llama(
    value: FloatArray, target: str, base: GgufHeader, folder: Path
) -> FloatArray:
    """Rows of q and k as in the base's GGUF, where each head's two rotary halves interleave."""
    if target.endswith("attn_q.weight"):
        n_heads = base.count("attention.head_count")
    elif target.endswith("attn_k.weight"):
        n_heads = base.count("attention.head_count_kv") or base.count("attention.head_count")
    else:
        return value
    n_rows = value.shape[0]
    if value.ndim != 2 or not n_heads or n_rows % (2 * n_heads):
        raise _wrong_base(folder, target, value.shape, base.shapes.get(target, ()))
    halves = value.reshape(n_heads, 2, n_rows // n_heads // 2, value.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(value.shape))


def _check_shapes(
    tensors: Mapping[str, FloatArray], base: GgufHeader, rank: int, folder: Path
) -> None:
    """llama.cpp aborts the process on some mismatches, so nothing unfit may reach it."""
    if not tensors:
        raise _unsupported(folder, "an adapter without weights")
    for name in {key.rsplit(".", 1)[0] for key in tensors}:
        a, b = tensors.get(f"{name}.lora_a"), tensors.get(f"{name}.lora_b")
        if a is None or b is None:
            raise _unsupported(folder, f"half a pair for {name!r}")
        found = (a.shape, b.shape)
        n_in, n_out = (*base.shapes.get(name, ()), 0, 0)[:2]
        if found != ((rank, n_in), (n_out, rank)):
            raise _wrong_base(folder, name, found, ((rank, n_in), (n_out, rank)))
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise _unsupported(folder, f"values that are not finite in {name!r}")


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
        raise _unsupported(path.parent, f"dtype {dtype} of tensor {name!r}")
    return np.frombuffer(data, _DTYPES[dtype]).astype(np.float32).reshape(shape)


def _write(
    target: Path, tensors: Mapping[str, FloatArray], architecture: str, alpha: float
) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".adapter-", suffix=".gguf")
    os.close(handle)
    try:
        writer = GGUFWriter(name, architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", alpha)
        for key in sorted(tensors):
            writer.add_tensor(key, tensors[key].astype(np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


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


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_read_bytes(path))
    except ValueError as error:
        raise AdapterInvalid(f"{path} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise AdapterInvalid(f"{path} holds {type(value).__name__}, not a JSON object.")
    return value


def _unsupported(folder: Path, what: str) -> AdapterInvalid:
    return AdapterInvalid(
        f"Adapter {folder} has {what}, which cannot be served.",
        remedy="Train a plain LoRA of the attention and MLP projections.",
    )


def _wrong_base(folder: Path, name: str, found: object, expected: object) -> AdapterInvalid:
    return AdapterInvalid(
        f"Adapter {folder} does not fit the base: {name} has shape {found}, wanted {expected}.",
        remedy="Load it beside the base model that it was trained on.",
    )
