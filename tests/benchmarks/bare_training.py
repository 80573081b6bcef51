"""What the trainer is compared with: Llama, LoRA, losses and AdamW in plain PyTorch.

No transformers, no PEFT, nothing of ``training.ml``: a class of tensors and one function a layer,
as somebody would write it who wants this model and this loss and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from safetensors.torch import load_file
from torch import Tensor


@dataclass(frozen=True, slots=True)
class BareBatch:
    """Token ids and positions [N] of spans one behind the other; who sees whom in each span.

    ``kept`` are the positions that predict ``labels``, ``n_labels`` the answers' lengths, all
    chosen answers at even places; ``reference`` [2, n] the base model's log-probabilities.
    """

    ids: Tensor
    positions: Tensor
    spans: tuple[int, ...]
    masks: tuple[Tensor, ...]
    kept: Tensor
    labels: Tensor
    n_labels: tuple[int, ...]
    reference: Tensor


class BareTrainer:
    """A frozen Llama with LoRA on all linear layers.

    Parameters
    ----------
    base_dir : Path
        Folder with ``config.json`` and one ``model.safetensors``.
    adapter : mapping
        Initial LoRA tensors under PEFT's names.
    scale : float
        alpha / r.
    """

    def __init__(
        self, base_dir: Path, adapter: Mapping[str, Tensor], scale: float, **optimiser: Any
    ):
        self.config = json.loads((base_dir / "config.json").read_text())
        self.weights = load_file(base_dir / "model.safetensors")
        self.lora = {
            name.removeprefix("base_model.model."): tensor.clone().requires_grad_()
            for name, tensor in adapter.items()
        }
        self.scale = scale
        self.optimizer = torch.optim.AdamW(self.lora.values(), fused=True, **optimiser)

    def step(self, batch: BareBatch, *, beta: float, weights: tuple[float, float]) -> float:
        """One optimiser step on DPO and SFT; the loss."""
        self.optimizer.zero_grad(set_to_none=True)
        logprobs = self.logprobs(batch)
        chosen, rejected = logprobs[0::2], logprobs[1::2]
        margin = beta * ((chosen - batch.reference[0]) - (rejected - batch.reference[1]))
        sft = -chosen.sum() / sum(batch.n_labels[0::2])
        loss = weights[0] * -functional.logsigmoid(margin).mean() + weights[1] * sft
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.lora.values(), 1.0)
        self.optimizer.step()
        return loss.item()

    def logprobs(self, batch: BareBatch) -> Tensor:
        """log p of every answer, shape [n_answers]."""
        x = functional.embedding(batch.ids, self.weights["model.embed_tokens.weight"])  # [N, d]
        rotation = self._rotation(batch.positions)
        for layer in range(self.config["num_hidden_layers"]):
            x = self._layer(x, f"model.layers.{layer}", rotation, batch)
        x = self._norm(x, "model.norm")[batch.kept]
        logits = x @ self.weights["model.embed_tokens.weight"].T  # [K, V]
        logprobs = -functional.cross_entropy(logits, batch.labels, reduction="none")
        return torch.stack([part.sum() for part in logprobs.split(batch.n_labels)])

    def _layer(
        self, x: Tensor, name: str, rotation: tuple[Tensor, Tensor], batch: BareBatch
    ) -> Tensor:
        x = x + self._attention(self._norm(x, f"{name}.input_layernorm"), name, rotation, batch)
        h = self._norm(x, f"{name}.post_attention_layernorm")
        gate, up = (self._linear(h, f"{name}.mlp.{part}_proj") for part in ("gate", "up"))
        return x + self._linear(functional.silu(gate) * up, f"{name}.mlp.down_proj")

    def _attention(
        self, h: Tensor, name: str, rotation: tuple[Tensor, Tensor], batch: BareBatch
    ) -> Tensor:
        q, k, v = (
            self._linear(h, f"{name}.self_attn.{part}_proj")
            .unflatten(-1, (-1, self._head))
            .transpose(0, 1)
            for part in "qkv"
        )  # [heads, N, head]
        q, k = (_rotate(states, *rotation) for states in (q, k))
        pieces: Sequence[Any] = [
            states.unsqueeze(0).split(batch.spans, dim=2) for states in (q, k, v)
        ]
        attended = torch.cat(
            [
                functional.scaled_dot_product_attention(*part, attn_mask=mask, enable_gqa=True)
                for *part, mask in zip(*pieces, batch.masks, strict=True)
            ],
            dim=2,
        )
        return self._linear(attended[0].transpose(0, 1).flatten(1), f"{name}.self_attn.o_proj")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        low = x @ self.lora[f"{name}.lora_A.weight"].T
        return (
            x @ self.weights[f"{name}.weight"].T
            + (low @ self.lora[f"{name}.lora_B.weight"].T) * self.scale
        )

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return functional.rms_norm(
            x, (x.shape[-1],), self.weights[f"{name}.weight"], self.config["rms_norm_eps"]
        )

    @property
    def _head(self) -> int:
        return int(self.config["hidden_size"] // self.config["num_attention_heads"])

    def _rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        theta = self.config["rope_parameters"]["rope_theta"]
        rates = theta ** (-torch.arange(0, self._head, 2) / self._head)
        angles = (positions[:, None] * rates).repeat(1, 2)
        return angles.cos(), angles.sin()


def _rotate(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = states.chunk(2, dim=-1)
    return states * cos + torch.cat((-second, first), dim=-1) * sin
