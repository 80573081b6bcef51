"""Learning from the user's next message: the model, told it in hindsight, teaches itself.

An interaction is (x, y, o): the conversation up to the user's message, the reply as it was
sampled, and what the user said next (arXiv 2603.12273). Interactions that are masked (the user
was content, or spoke of something else) do not go through the model at all.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .config import HindsightConfig, Hint
from .data import Batch, Example, chunks, collate, encode_answer, encode_prompt
from .errors import DataInvalid
from .hindsight_losses import (
    excess_divergence,
    mean_over_replies,
    policy_gradient_tokens,
    reverse_kl_tokens,
)
from .losses import Metrics, token_logprobs
from .model import answer_logits

#: How the teacher is told: appended to the last message of the user (arXiv 2603.12273).
HINTS: dict[Hint, str] = {
    "paper": "\n\nThe following is a future user message; use it to guide your answer:"
    "\n\n{follow_up}",
    "appended": "\n\n{follow_up}",
}


@dataclass(frozen=True, slots=True)
class Interaction(Example):
    """One encoded interaction; ``answers`` is the reply alone.

    ``told`` is the teacher's prompt: the same conversation with the next message in hindsight.
    ``is_retokenised`` where the sampled ids were not kept, or are another tokenizer's.
    """

    told: tuple[int, ...] = ()
    is_retokenised: bool = False

    @property
    def n_tokens(self) -> int:
        """Tokens that go through the model for this row: policy, base and teacher."""
        return 2 * len(self.prompt) + len(self.told) + 3 * len(self.answers[0])


def encode_interactions(
    rows: Iterable[Mapping[str, Any]], tokenizer: Any, config: HindsightConfig
) -> list[Interaction]:
    """Encode the interactions that teach something; those with a ``mask`` are left out.

    Raises
    ------
    DataInvalid
        Nothing is left.
    """
    found = [_encode(row, tokenizer, config) for row in rows if not row.get("mask")]
    if not found:
        raise DataInvalid(
            "Every interaction is masked: the user asked for nothing.", remedy="Wait for more."
        )
    n_retokenised = sum(one.is_retokenised for one in found)
    if n_retokenised:
        sys.stderr.write(f"{n_retokenised} of {len(found)} replies were tokenised anew.\n")
    return found


def _encode(row: Mapping[str, Any], tokenizer: Any, config: HindsightConfig) -> Interaction:
    reply, is_retokenised = reply_ids(row, tokenizer)
    messages, limit = row["messages"], config.max_prompt_tokens
    told = told_messages(messages, row["follow_up"], config.hint)
    return Interaction(
        id=row["id"],
        prompt=tuple(encode_prompt(messages, tokenizer)[-limit:]),
        answers=(tuple(reply[: config.max_completion_tokens]),),
        told=tuple(encode_prompt(told, tokenizer)[-limit:]),
        is_retokenised=is_retokenised,
    )


def told_messages(
    messages: Sequence[Mapping[str, str]], follow_up: str, hint: Hint
) -> list[dict[str, str]]:
    """The conversation with the next message in hindsight, in the user's last message."""
    *before, last = (dict(turn) for turn in messages)
    return [*before, {**last, "content": last["content"] + HINTS[hint].format(follow_up=follow_up)}]


def reply_ids(row: Mapping[str, Any], tokenizer: Any) -> tuple[list[int], bool]:
    """The reply's token ids, and whether they had to be made anew from its text.

    The sampled ids are taken where they say the same text in this tokenizer. An end-of-turn
    token is part of them where the model came to its end; where it was cut off, there is none.
    """
    ids = list(row.get("reply_ids") or ())
    if ids and max(ids) < len(tokenizer):
        text = tokenizer.decode(ids, skip_special_tokens=True)
        if text.strip() == row["reply"].strip():
            return ids, False
    return encode_answer(row["reply"], tokenizer), True


def reply_mask(batch: Batch, n_skipped: int) -> Tensor:
    """Which tokens of the replies count, shape [B, T]: from lengths, without the first ones.

    The last token of each reply always counts.
    """
    mask = batch.mask.clone()
    lengths = mask.sum(-1)
    first = torch.clamp(lengths - 1, max=n_skipped)
    return mask * (torch.arange(mask.shape[1]) >= first.unsqueeze(-1))


@dataclass(frozen=True, slots=True)
class HindsightObjective:
    """Scores interactions with a model under a configuration."""

    model: Any
    config: HindsightConfig
    pad: int
    device: torch.device

    def loss(
        self, batch: Sequence[Interaction], members: Sequence[int], reference: Tensor | None
    ) -> tuple[Tensor, Metrics]:
        """Loss of the micro-batch ``members`` of ``batch``; those of all parts add up.

        There is no kept reference: the teacher's whole distribution would fill the disk.
        """
        part = [batch[index] for index in members]
        own = self._collate(part, [one.prompt for one in part])
        mask = reply_mask(own, self.config.skip_tokens).to(self.device)
        told = self._teacher_logits(self._collate(part, [one.told for one in part]))
        base = self._base_logits(own)
        policy = answer_logits(self.model, own, self.device)
        tokens = self._tokens(policy, told, own.labels.to(self.device))
        divergence = mean_over_replies(_by_reply(reverse_kl_tokens, policy, base), mask)
        excess = excess_divergence(divergence, self.config.kl_cap)
        share = 1 / len(batch)
        hindsight = mean_over_replies(tokens, mask).sum() * share
        loss = hindsight + self.config.kl_weight * excess.sum() * share
        return loss, {
            "loss": loss.item(),
            "hindsight_loss": hindsight.item(),
            "kl_to_base": divergence.detach().sum().item() * share,
            "capped": (excess > 0).sum().item() * share,
            "retokenised": sum(one.is_retokenised for one in part) * share,
        }

    def parts(self, n_examples: int) -> list[Sequence[int]]:
        """Indices of the micro-batches of a batch."""
        return chunks(range(n_examples), self.config.micro_batch_size)

    def _tokens(self, policy: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
        """The loss of each token, shape [B, T]."""
        if self.config.loss == "reverse_kl":
            return _by_reply(reverse_kl_tokens, policy, teacher)
        flat = labels.flatten()
        own, told = (token_logprobs(x.flatten(0, 1), flat) for x in (policy, teacher))
        return policy_gradient_tokens(told, own).view(labels.shape)

    def _collate(self, part: Sequence[Interaction], prompts: Sequence[tuple[int, ...]]) -> Batch:
        return collate(prompts, [one.answers[0] for one in part], self.pad)

    def _base_logits(self, batch: Batch) -> Tensor:
        with torch.no_grad(), self.model.disable_adapter():
            return answer_logits(self.model, batch, self.device)

    def _teacher_logits(self, batch: Batch) -> Tensor:
        """Logits [B, T, V] of the teacher: the base, or the adapter as it is now."""
        is_training = self.model.training
        self.model.eval()  # a live teacher draws no dropout
        is_frozen = self.config.teacher == "frozen"
        teacher: AbstractContextManager[Any] = (
            self.model.disable_adapter() if is_frozen else nullcontext()
        )
        try:
            with torch.no_grad(), teacher:
                return answer_logits(self.model, batch, self.device)
        finally:
            self.model.train(is_training)


def _by_reply(function: Any, policy: Tensor, other: Tensor) -> Tensor:
    """A function of logits [N, V] over [B, T, V]; the result has shape [B, T]."""
    values: Tensor = function(policy.flatten(0, 1), other.flatten(0, 1))
    return values.view(policy.shape[:2])
