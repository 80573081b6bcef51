"""What one micro-batch is scored on: expert (DPO + SFT) or critic (SFT)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .config import AnyConfig, ExpertConfig
from .data import Example, chunks, collate
from .losses import Metrics, PairLogprobs, compute_expert_loss, compute_sft_loss
from .model import DTYPES, answer_logprobs
from .packing import is_packing, is_same, packed_logprobs


def answers_of(config: AnyConfig) -> tuple[str, ...]:
    """Which texts of a row go through the model."""
    if not isinstance(config, ExpertConfig):
        return ("completion",)
    return ("chosen", "rejected") if config.dpo_weight else ("chosen",)


def answer_limits(config: AnyConfig) -> tuple[int, ...]:
    """The token limit of each of :func:`answers_of`."""
    limits = dict.fromkeys(("completion", "chosen", "rejected"), config.max_completion_tokens)
    if isinstance(config, ExpertConfig) and config.max_rejected_tokens:
        limits["rejected"] = config.max_rejected_tokens
    return tuple(limits[name] for name in answers_of(config))


@dataclass(frozen=True, slots=True)
class Objective:
    """Scores examples with a model under a configuration.

    ``is_packed`` computes each prompt once (:func:`choose_layout` says where that is right).
    """

    model: Any
    config: AnyConfig
    pad: int
    device: torch.device
    is_packed: bool = False

    def logprobs(self, examples: Sequence[Example]) -> Tensor:
        """log p of each answer, shape [n_answers, n_examples]; one forward pass for all."""
        if self.is_packed:
            return packed_logprobs(self.model, examples, self.device)
        n_answers = len(examples[0].answers)
        prompts = [example.prompt for example in examples] * n_answers
        answers = [example.answers[which] for which in range(n_answers) for example in examples]
        batch = collate(prompts, answers, self.pad)
        return answer_logprobs(self.model, batch, self.device).view(n_answers, len(examples))

    def reference(self, examples: Sequence[Example]) -> Tensor:
        """log p under the base model, shape [n_answers, n_examples]."""
        with torch.no_grad(), self.model.disable_adapter():
            return self.logprobs(examples).cpu()

    def loss(
        self, batch: Sequence[Example], members: Sequence[int], reference: Tensor | None
    ) -> tuple[Tensor, Metrics]:
        """Loss of the micro-batch ``members`` of ``batch``; those of all parts add up.

        ``reference`` has shape [2, len(members)]; it is needed for DPO only.
        """
        part = [batch[index] for index in members]
        values = self.logprobs(part)
        n_tokens = torch.tensor([len(example.answers[0]) for example in part])
        token_share = n_tokens.sum().item() / sum(len(example.answers[0]) for example in batch)
        if reference is None or not isinstance(self.config, ExpertConfig):
            sft = compute_sft_loss(values[0], n_tokens.to(self.device)) * token_share
            return sft, {"loss": sft.item(), "sft_loss": sft.item()}
        return compute_expert_loss(
            PairLogprobs(values[0], values[1]),
            PairLogprobs(*reference.to(self.device)),
            n_tokens.to(self.device),
            beta=self.config.beta,
            dpo_weight=self.config.dpo_weight,
            sft_weight=self.config.sft_weight,
            pair_share=len(part) / len(batch),
            token_share=token_share,
        )

    def parts(self, n_examples: int) -> list[Sequence[int]]:
        """Indices of the micro-batches of a batch."""
        return chunks(range(n_examples), self.config.micro_batch_size)


def choose_layout(objective: Objective, examples: Sequence[Example]) -> Objective:
    """``objective`` with prompts computed once, if the model gives the same with them.

    That is measured on the first two of ``examples``: a model whose attention does not see the
    spans would otherwise learn from answers that see each other.
    """
    if not is_packing(objective.model):
        return objective
    packed, probe = replace(objective, is_packed=True), examples[:2]
    objective.model.eval()
    values = packed.reference(probe), objective.reference(probe)
    if is_same(*values, DTYPES[objective.config.dtype]):
        return packed
    sys.stderr.write("This model cannot share a prompt between answers: it is computed twice.\n")
    return objective


def add_up(parts: Sequence[Metrics]) -> Metrics:
    """Metrics of a batch from those of its micro-batches."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}
