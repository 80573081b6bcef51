"""Tiny random LoRA adapters in PEFT's format, made without torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

N_EMBD, N_KV, N_FF = 576, 192, 1536
SHAPES = {
    "self_attn.q_proj": (N_EMBD, N_EMBD),
    "self_attn.k_proj": (N_EMBD, N_KV),
    "self_attn.v_proj": (N_EMBD, N_KV),
    "self_attn.o_proj": (N_EMBD, N_EMBD),
    "mlp.gate_proj": (N_EMBD, N_FF),
    "mlp.up_proj": (N_EMBD, N_FF),
    "mlp.down_proj": (N_FF, N_EMBD),
}


def make_adapter(
    folder: Path, *, rank: int = 4, layers: int = 2, seed: int = 0, scale: float = 0.1, **config
) -> Path:
    """Write a random adapter of the reference model's shapes; ``config`` overrides its keys."""
    generator = np.random.default_rng(seed)
    weights = {}
    for layer in range(layers):
        for module, (n_in, n_out) in SHAPES.items():
            key = f"base_model.model.model.layers.{layer}.{module}"
            a = generator.normal(0, n_in**-0.5, (rank, n_in))
            b = generator.normal(0, scale, (n_out, rank))
            weights[f"{key}.lora_A.weight"] = a.astype(np.float32)
            weights[f"{key}.lora_B.weight"] = b.astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "adapter_model.safetensors")
    values = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none"}
    values["target_modules"] = [module.split(".")[1] for module in SHAPES]
    (folder / "adapter_config.json").write_text(json.dumps(values | config))
    return folder
