"""PEFT LoRA folder -> GGUF LoRA file, without torch.

llama.cpp applies a LoRA given as pairs ``<tensor>.lora_a`` / ``<tensor>.lora_b``. The
conversion renames the tensors, permutes the query and key rows where the architecture's
GGUF does (``llama`` only), and writes the alpha that makes llama.cpp's ``alpha / r`` equal
to PEFT's scale (``alpha / r``, or ``alpha / sqrt(r)`` with rank-stabilised LoRA).

What cannot be converted is refused by name (``peft_folder.py``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from gguf import MODEL_ARCH, GGUFWriter, TensorNameMap, get_tensor_name_map

from uno_site.files import write_json
from uno_site.inference.errors import EngineFailed
from uno_site.inference.gguf_header import GgufHeader
from uno_site.inference.peft_folder import (
    LoraFolder,
    check_config,
    check_shapes,
    read_json,
    read_lora_folder,
    unsupported,
    wrong_base,
)
from uno_site.inference.protocol import FloatArray

CONVERTER_VERSION = 1
ARCHITECTURES = {
    "llama": MODEL_ARCH.LLAMA,
    "qwen2": MODEL_ARCH.QWEN2,
    "qwen3": MODEL_ARCH.QWEN3,
}


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
    EngineFailed
        The folder cannot be written to.
    """
    lora = read_lora_folder(folder, base_sha256=base_sha256)
    target, sidecar = folder / "adapter.gguf", folder / "adapter.gguf.json"
    record = {
        "adapter_sha256": lora.sha256,
        "base_sha256": base_sha256,
        "converter": CONVERTER_VERSION,
    }
    if target.exists() and sidecar.exists() and read_json(sidecar) == record:
        return target
    check_config(lora)
    tensors = _convert_tensors(lora, base)
    try:
        _write(target, tensors, base.architecture, lora.alpha)
        write_json(sidecar, record)
    except OSError as error:
        raise EngineFailed(
            f"The adapter cannot be converted to {target}: {error.strerror or error}.",
            remedy="Let the engine write to the folder, and see whether its disk is full.",
        ) from error
    return target


def _convert_tensors(lora: LoraFolder, base: GgufHeader) -> dict[str, FloatArray]:
    if base.architecture not in ARCHITECTURES:
        raise unsupported(lora.path, f"base architecture {base.architecture!r}")
    names = get_tensor_name_map(ARCHITECTURES[base.architecture], base.count("block_count"))
    tensors: dict[str, FloatArray] = {}
    for (module, part), value in lora.weights().items():
        target = _target_name(module, names, lora.path)
        if part == "b" and base.architecture == "llama":
            value = _permute_like_llama(value, target, base, lora.path)
        tensors[f"{target}.lora_{part}"] = value
    # llama.cpp aborts the process on some mismatches, so nothing unfit may reach it.
    check_shapes(tensors, base.shapes, lora)
    return tensors


def _target_name(module: str, names: TensorNameMap, folder: Path) -> str:
    name = names.get_name(f"{module}.weight", try_suffixes=(".weight",))
    if name is None or not name.startswith("blk."):
        raise unsupported(folder, f"an adapted module {module!r}")
    return name


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
        raise wrong_base(folder, target, value.shape, base.shapes.get(target, ()))
    halves = value.reshape(n_heads, 2, n_rows // n_heads // 2, value.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(value.shape))


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
