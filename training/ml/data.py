"""From rows of text to batches of token ids."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Example:
    """One encoded row. ``answers`` are (chosen, rejected) for an expert, (completion,) for a
    critic; each ends with the end-of-turn token unless it was cut."""

    id: str
    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]

    @property
    def n_tokens(self) -> int:
        """Tokens that go through the model for this row."""
        return sum(len(self.prompt) + len(answer) for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Batch:
    """Contexts padded on the left, answers padded on the right.

    ``input_ids``, ``attention_mask`` and ``position_ids`` have shape [B, P + T]; ``labels`` and
    ``mask`` have shape [B, T] and speak of the answers only.
    """

    input_ids: Tensor
    attention_mask: Tensor
    position_ids: Tensor
    labels: Tensor
    mask: Tensor


def encode_rows(
    rows: Iterable[Mapping[str, Any]],
    tokenizer: Any,
    *,
    keys: Sequence[str],
    limits: Sequence[int],
    max_prompt_tokens: int,
) -> list[Example]:
    """Encode rows with the tokenizer's own chat template.

    Parameters
    ----------
    rows : iterable of mapping
        ``{"id", "messages", ...}``; the messages end with the user's.
    tokenizer : PreTrainedTokenizer
        With a chat template and an end-of-turn token.
    keys : sequence of str
        The row's answers: ("chosen", "rejected") or ("completion",).
    limits : sequence of int
        Most tokens of each answer, end-of-turn included; the rest is cut off.
    max_prompt_tokens : int
        Contexts are cut on the left: what the user said last is what matters.
    """
    return [
        Example(
            id=row["id"],
            prompt=tuple(encode_prompt(row["messages"], tokenizer)[-max_prompt_tokens:]),
            answers=tuple(
                tuple(encode_answer(row[key], tokenizer)[:limit])
                for key, limit in zip(keys, limits, strict=True)
            ),
        )
        for row in rows
    ]


def encode_prompt(messages: Sequence[Mapping[str, str]], tokenizer: Any) -> list[int]:
    """Token ids of the conversation up to where the assistant begins to speak."""
    text = tokenizer.apply_chat_template(
        [dict(turn) for turn in messages], add_generation_prompt=True, tokenize=False
    )
    return list(tokenizer.encode(text, add_special_tokens=False))


def encode_answer(text: str, tokenizer: Any) -> list[int]:
    """Token ids of an answer and the end-of-turn token, without which stopping is not learned.

    Encoded apart from the prompt, as the model meets it when it writes token after token.
    """
    return [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]


def collate(prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], pad: int) -> Batch:
    """Pad contexts and answers into one batch, with masks from lengths."""
    n_prompt = max(len(prompt) for prompt in prompts)
    n_answer = max(len(answer) for answer in answers)
    ids, attention, mask = [], [], []
    for prompt, answer in zip(prompts, answers, strict=True):
        left, right = n_prompt - len(prompt), n_answer - len(answer)
        ids.append([pad] * left + list(prompt) + list(answer) + [pad] * right)
        attention.append([0] * left + [1] * (len(prompt) + len(answer)) + [0] * right)
        mask.append([1] * len(answer) + [0] * right)
    input_ids, attention_mask = torch.tensor(ids), torch.tensor(attention)
    return Batch(
        input_ids=input_ids,
        attention_mask=attention_mask,
        position_ids=(attention_mask.cumsum(-1) - 1).clamp(min=0),
        labels=input_ids[:, n_prompt:],
        mask=torch.tensor(mask),
    )


def epoch_batches(
    examples: Sequence[Example], batch_size: int, *, seed: int, epoch: int
) -> list[list[int]]:
    """Indices of the examples of each optimiser step of an epoch.

    The same seed and epoch give the same batches, whatever ran before. Within a batch rows are
    sorted by length, so that micro-batches cut from it carry little padding.
    """
    order = list(range(len(examples)))
    random.Random(f"{seed}/{epoch}").shuffle(order)  # noqa: S311
    return [
        sorted(order[start : start + batch_size], key=lambda index: examples[index].n_tokens)
        for start in range(0, len(order), batch_size)
    ]


def chunks(indices: Sequence[int], size: int) -> list[Sequence[int]]:
    """Consecutive pieces of at most ``size``."""
    return [indices[start : start + size] for start in range(0, len(indices), size)]
