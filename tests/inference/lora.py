"""Tiny random LoRA adapters in PEFT's format, made without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

Shapes = Mapping[str, tuple[int, int]]


def layer_shapes(n_embd: int, n_kv: int, n_ff: int) -> Shapes:
    """(n_inputs, n_outputs) of a Llama layer's matrices."""
    return {
        "self_attn.q_proj": (n_embd, n_embd),
        "self_attn.k_proj": (n_embd, n_kv),
        "self_attn.v_proj": (n_embd, n_kv),
        "self_attn.o_proj": (n_embd, n_embd),
        "mlp.gate_proj": (n_embd, n_ff),
        "mlp.up_proj": (n_embd, n_ff),
        "mlp.down_proj": (n_ff, n_embd),
    }


SHAPES = layer_shapes(576, 192, 1536)


def make_adapter(
    folder: Path,
    *,
    rank: int = 4,
    layers: int = 2,
    seed: int = 0,
    scale: float = 0.1,
    shapes: Shapes = SHAPES,
    **config,
) -> Path:
    """Write a random adapter, of the reference model's shapes unless told other ones.

    ``config`` overrides keys of its ``adapter_config.json``.
    """
    generator = np.random.default_rng(seed)
    weights = {}
    for layer in range(layers):
        for module, (n_in, n_out) in shapes.items():
            key = f"base_model.model.model.layers.{layer}.{module}"
            a = generator.normal(0, n_in**-0.5, (rank, n_in))
            b = generator.normal(0, scale, (n_out, rank))
            weights[f"{key}.lora_A.weight"] = a.astype(np.float32)
            weights[f"{key}.lora_B.weight"] = b.astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "adapter_model.safetensors")
    values = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none"}
    values["target_modules"] = [module.split(".")[1] for module in shapes]
    (folder / "adapter_config.json").write_text(json.dumps(values | config))
    return folder
