"""The model that learns: a frozen base under a LoRA adapter, and how it scores answers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from uno_site.files import read_json, write_bytes, write_folder, write_json
from uno_site.inference.errors import BaseInvalid
from uno_site.inference.torch_base import IDENTITY, set_pad_token

from .config import AnyConfig
from .data import Batch
from .losses import sequence_logprobs
from .packing import can_pack, register_attention

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def best_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_tokenizer(base_dir: Path) -> Any:
    """The base model's tokenizer, with a padding token."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base_dir)
    if not tokenizer.chat_template:
        raise BaseInvalid(
            f"The tokenizer in {base_dir} has no chat template.", remedy="Use a chat model."
        )
    set_pad_token(tokenizer)
    return tokenizer


def check_base(base_dir: Path, sha256: str) -> None:
    """Refuse a base model that is not the one the run was made for.

    Raises
    ------
    BaseInvalid
        The folder is missing, or holds another model.
    """
    identity = read_json(base_dir / IDENTITY) if base_dir.is_dir() else None
    if identity is None:
        raise BaseInvalid(f"There is no prepared base model in {base_dir}.", remedy="Prepare it.")
    if identity["sha256"] != sha256:
        raise BaseInvalid(
            f"The base model in {base_dir} is {identity['sha256'][:12]}, the run was made for "
            f"{sha256[:12]}.",
            remedy="Serve that base again, or make a new run.",
        )


def load_learner(base_dir: Path, config: AnyConfig, seed: int, device: torch.device) -> Any:
    """The base model with a fresh adapter, which changes nothing yet (its B is zero)."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(base_dir, dtype=DTYPES[config.dtype])
    base.config.use_cache = False
    if config.share_prompts and can_pack(base):
        base.set_attn_implementation(register_attention())
    torch.manual_seed(seed)
    lora = LoraConfig(
        r=config.r,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.targets),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(base, lora).to(device)
    except ValueError as error:
        raise BaseInvalid(
            f"The adapter does not fit the base model: {error}.",
            remedy=f"It has no layers named {', '.join(config.targets)}; set targets.",
        ) from error


def answer_logits(model: Any, batch: Batch, device: torch.device) -> Tensor:
    """The logits that predict the answers' tokens, shape [B, T, V]."""
    n, n_answer = batch.input_ids.shape[1], batch.labels.shape[1]
    logits: Tensor = model(
        input_ids=batch.input_ids.to(device),
        attention_mask=batch.attention_mask.to(device),
        position_ids=batch.position_ids.to(device),
        # Logits of the answers only: the vocabulary is the most expensive layer of a small model.
        logits_to_keep=torch.arange(n - n_answer - 1, n - 1, device=device),
    ).logits
    return logits


def answer_logprobs(model: Any, batch: Batch, device: torch.device) -> Tensor:
    """log p(answer | prompt) of each row of a batch, shape [B], nats."""
    logits = answer_logits(model, batch, device)
    return sequence_logprobs(logits, batch.labels.to(device), batch.mask.to(device))


def adapter_weights(model: Any) -> dict[str, Tensor]:
    """The adapter's tensors under the names of a PEFT folder, on the CPU."""
    from peft import get_peft_model_state_dict

    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: value.detach().cpu().contiguous() for name, value in weights.items()}


def set_adapter_weights(model: Any, weights: dict[str, Tensor]) -> None:
    """Put saved tensors back into the adapter."""
    from peft import set_peft_model_state_dict

    set_peft_model_state_dict(model, weights)


def save_adapter(model: Any, folder: Path, record: dict[str, Any]) -> None:
    """Write a PEFT folder with ``uno.json`` beside it, whole or not at all."""

    def fill(partial: Path) -> None:
        model.peft_config["default"].save_pretrained(str(partial))
        # safetensors' own writer hides a full disk behind an error of its own.
        write_bytes(
            partial / "adapter_model.safetensors", safetensors_bytes(adapter_weights(model))
        )
        write_json(partial / "uno.json", record)

    write_folder(folder, fill)


def template_sha256(tokenizer: Any) -> str:
    """SHA-256 (hex) of the chat template that the adapter was trained with."""
    return hashlib.sha256(str(tokenizer.chat_template).encode()).hexdigest()
