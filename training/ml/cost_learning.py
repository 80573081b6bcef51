"""Learning from what edits cost: a pessimistic cost model, then policy gradients against it.

The policy samples replies to logged prompts, the cost models (fitted once on the logged replies)
say what each would cost, and RLOO lowers that, held near the base by the KL in the reward. A reply
is embedded by the base model itself: the mean of its last hidden states over the reply's tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .config import CostConfig
from .cost_losses import compute_rloo_loss, regularised_rewards
from .cost_models import CostModels, FloatArray, fit_cost_models
from .data import Batch, Example, chunks, collate, encode_rows
from .losses import Metrics, sequence_logprobs
from .model import answer_logprobs

#: Replies that go through the model at once while they are only read.
READ_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class CostExample(Example):
    """One logged edit; ``answers`` are (edited, reply), and ``cost`` >= 0 is the reply's."""

    cost: float = 0.0


def encode_costs(
    rows: Iterable[Mapping[str, Any]], tokenizer: Any, config: CostConfig
) -> list[CostExample]:
    """Encode rows with "chosen" (the user's edit), "rejected" (the reply) and "cost"."""
    kept = list(rows)
    encoded = encode_rows(
        kept,
        tokenizer,
        keys=("chosen", "rejected"),
        limits=(config.max_completion_tokens,) * 2,
        max_prompt_tokens=config.max_prompt_tokens,
    )
    return [
        CostExample(one.id, one.prompt, one.answers, float(row["cost"]))
        for one, row in zip(encoded, kept, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class CostObjective:
    """Scores prompts by what the policy's own replies would cost."""

    model: Any
    config: CostConfig
    pad: int
    end: int
    device: torch.device
    costs: CostModels

    def loss(
        self, batch: Sequence[CostExample], members: Sequence[int], reference: Tensor | None
    ) -> tuple[Tensor, Metrics]:
        """Loss of the micro-batch ``members`` of ``batch``; those of all parts add up.

        New replies are sampled each time, so there is no kept reference.
        """
        part = [batch[index] for index in members]
        k, share = self.config.n_samples, len(members) / len(batch)
        sampled = self._sample(part)
        prompts = [one.prompt for one in part for _ in range(k)]
        drawn = collate(prompts, sampled, self.pad)
        base, features = read_replies(self.model, drawn, self.device)
        costs = torch.tensor(self.costs.pessimistic(features)).to(self.device, torch.float32)
        policy = answer_logprobs(self.model, drawn, self.device)
        shape = (len(part), k)
        rewards = regularised_rewards(
            costs.view(shape), policy.view(shape), base.view(shape), self.config.beta
        )
        loss = compute_rloo_loss(policy.view(shape), rewards) * share
        return loss, {
            "loss": -rewards.mean().item() * share,  # what is minimised; the surrogate says little
            "expected_cost": costs.mean().item() * share,
            "kl_to_base": (policy - base).mean().item() * share,
            "reply_tokens": sum(map(len, sampled)) / len(sampled) * share,
        }

    def parts(self, n_examples: int) -> list[Sequence[int]]:
        """Indices of the micro-batches of a batch."""
        return chunks(range(n_examples), self.config.micro_batch_size)

    def _sample(self, part: Sequence[CostExample]) -> list[tuple[int, ...]]:
        """``n_samples`` replies to each prompt, by the policy at temperature 1: its own draws."""
        blank = [(self.end,)] * len(part)
        prompts = collate([one.prompt for one in part], blank, self.pad)
        n = prompts.input_ids.shape[1] - 1
        is_training = self.model.training
        self.model.eval()
        try:
            with torch.no_grad():
                drawn = self.model.generate(
                    input_ids=prompts.input_ids[:, :n].to(self.device),
                    attention_mask=prompts.attention_mask[:, :n].to(self.device),
                    do_sample=True,
                    temperature=1.0,
                    top_k=0,
                    top_p=1.0,
                    num_return_sequences=self.config.n_samples,
                    max_new_tokens=self.config.max_completion_tokens,
                    use_cache=True,
                    pad_token_id=self.pad,
                    eos_token_id=self.end,
                )
        finally:
            self.model.train(is_training)
        return [until_end(row, self.end) for row in drawn[:, n:].tolist()]


def until_end(ids: Sequence[int], end: int) -> tuple[int, ...]:
    """The ids up to and with the first ``end``; all of them where it does not come."""
    return tuple(ids[: ids.index(end) + 1]) if end in ids else tuple(ids)


def read_replies(model: Any, batch: Batch, device: torch.device) -> tuple[Tensor, FloatArray]:
    """log p of each reply under the base [B], and its embedding there [B, d] (of length 1)."""
    n, n_answer = batch.input_ids.shape[1], batch.labels.shape[1]
    with torch.no_grad(), model.disable_adapter():
        out = model(
            input_ids=batch.input_ids.to(device),
            attention_mask=batch.attention_mask.to(device),
            position_ids=batch.position_ids.to(device),
            logits_to_keep=torch.arange(n - n_answer - 1, n - 1, device=device),
            output_hidden_states=True,
        )
    mask = batch.mask.to(device)
    base = sequence_logprobs(out.logits, batch.labels.to(device), mask)
    states = out.hidden_states[-1][:, n - n_answer :].double()
    pooled = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(-1, keepdim=True)
    rows: FloatArray = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
    return base, rows


def fit_costs(
    model: Any,
    examples: Sequence[CostExample],
    config: CostConfig,
    pad: int,
    device: torch.device,
    seed: int,
) -> CostModels:
    """Fit the cost models on the logged replies with their costs.

    With ``learns_from_edits`` the users' edits are known, too, to cost nothing: they left them so.
    """
    read = [(one.prompt, one.answers[1], one.cost) for one in examples]
    if config.learns_from_edits:
        read += [(one.prompt, one.answers[0], 0.0) for one in examples]
    model.eval()
    found = []
    for part in chunks(range(len(read)), READ_AT_ONCE):
        rows = [read[index] for index in part]
        batch = collate([row[0] for row in rows], [row[1] for row in rows], pad)
        found.append(read_replies(model, batch, device)[1])
    return fit_cost_models(
        np.concatenate(found),
        np.array([cost for _, _, cost in read]),
        n_models=config.n_models,
        ridge=config.ridge,
        kappa=config.kappa,
        seed=seed,
    )
