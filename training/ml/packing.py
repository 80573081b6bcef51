"""Prompts computed once: a prompt and all its answers as one span, spans packed without padding.

Chosen and rejected answer the same prompt. In the plain layout (:func:`training.ml.data.collate`)
the prompt goes through the model once for each of them, and every row is padded to the longest.
Here a span is ``prompt + chosen + rejected``: positions begin again after the prompt, an answer
sees the prompt and itself, and nothing else. All spans of a micro-batch lie one behind the other
in one row, so no position is padding, and attention is computed inside each span only.

Both layouts give the same log-probabilities and gradients up to rounding. With dropout they
differ as two seeds do: here chosen and rejected share the draw of their prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .data import Example
from .losses import token_logprobs

#: The attention under which the model is loaded; without spans it is transformers' own ``sdpa``.
ATTENTION = "uno_spans"
FULL = "full_attention"
#: How far the two layouts may be apart, as a share of the log-probability (:func:`is_same`).
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 2e-2}


@dataclass(frozen=True, slots=True)
class Packed:
    """Spans in one row of N tokens.

    ``input_ids`` and ``position_ids`` have shape [1, N]; ``kept`` [K] are the positions whose
    logits predict ``labels`` [K], answer after answer; ``n_labels`` are the answers' lengths.
    ``spans`` are the spans' lengths and ``masks`` their attention, True where [n, n] is seen.
    """

    input_ids: Tensor
    position_ids: Tensor
    kept: Tensor
    labels: Tensor
    n_labels: tuple[int, ...]
    spans: tuple[int, ...]
    masks: tuple[Tensor, ...]


def pack(examples: Sequence[Example]) -> Packed:
    """One span for each example, in their order."""
    ids: list[int] = []
    positions: list[int] = []
    kept: list[int] = []
    for example in examples:
        n_prompt, last_of_prompt = len(example.prompt), len(ids) + len(example.prompt) - 1
        ids += example.prompt
        positions += range(n_prompt)
        for answer in example.answers:
            # The prompt's last token predicts the first of every answer.
            kept += [last_of_prompt, *range(len(ids), len(ids) + len(answer) - 1)]
            ids += answer
            positions += range(n_prompt, n_prompt + len(answer))
    answers = [answer for example in examples for answer in example.answers]
    masks = tuple(span_mask(example) for example in examples)
    return Packed(
        input_ids=torch.tensor([ids]),
        position_ids=torch.tensor([positions]),
        kept=torch.tensor(kept),
        labels=torch.tensor([token for answer in answers for token in answer]),
        n_labels=tuple(map(len, answers)),
        spans=tuple(map(len, masks)),
        masks=masks,
    )


def span_mask(example: Example) -> Tensor:
    """What each token of a span sees, bool [n, n]: what came before in the prompt and in its own
    answer."""
    n_prompt = len(example.prompt)
    mask = torch.ones(n_prompt, n_prompt, dtype=torch.bool)
    answers = [torch.ones(len(a), len(a), dtype=torch.bool) for a in example.answers]
    mask = torch.block_diag(mask, *answers)  # type: ignore[no-untyped-call]
    mask[:, :n_prompt] = True
    seen: Tensor = mask.bool().tril()
    return seen


def packed_logprobs(model: Any, examples: Sequence[Example], device: torch.device) -> Tensor:
    """log p(answer | prompt), shape [n_answers, n_examples], nats."""
    batch = pack(examples)
    logits = model(
        input_ids=batch.input_ids.to(device),
        position_ids=batch.position_ids.to(device),
        # Of four dimensions and never read: transformers then makes no mask of its own.
        attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),
        logits_to_keep=batch.kept.to(device),
        spans=batch.spans,
        span_masks=tuple(mask.to(device) for mask in batch.masks),
    ).logits[0]
    logprobs = token_logprobs(logits, batch.labels.to(device))
    sums = torch.stack([part.sum() for part in torch.split(logprobs, list(batch.n_labels))])
    return sums.view(len(examples), -1).T


def register_attention() -> str:
    """Make :data:`ATTENTION` known to transformers; its name."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(ATTENTION, _span_attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    return ATTENTION


def _span_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    spans: tuple[int, ...] = (),
    span_masks: tuple[Tensor, ...] = (),
    **options: Any,
) -> tuple[Tensor, None]:
    """``sdpa`` inside each span; query, key and value have shape [1, heads, N, d]."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if not spans:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    # Splitting costs nothing forwards, and one concatenation backwards (slicing: one sum a span).
    parts = zip(*(torch.split(s, list(spans), dim=2) for s in (query, key, value)), strict=True)
    outputs = [
        sdpa_attention_forward(module, q, k, v, mask, **options)[0]
        for (q, k, v), mask in zip(parts, span_masks, strict=True)
    ]
    return torch.cat(outputs, dim=1), None


def can_pack(base: Any) -> bool:
    """Whether every layer of a base model attends by the function that its configuration names.

    Sliding windows, recurrent layers and attention of a model's own would not see the spans.
    """
    config = base.config.get_text_config()
    is_plain = set(getattr(config, "layer_types", None) or [FULL]) == {FULL}
    has_window = not getattr(config, "layer_types", None) and getattr(
        config, "sliding_window", None
    )
    takes_ours = base._supports_attention_backend and config._attn_implementation == "sdpa"
    return bool(takes_ours and is_plain and not has_window)


def is_packing(model: Any) -> bool:
    """Whether :func:`register_attention`'s function is the model's attention."""
    return bool(model.config.get_text_config()._attn_implementation == ATTENTION)


def is_same(packed: Tensor, plain: Tensor, dtype: torch.dtype) -> bool:
    """Whether both layouts gave the same log-probabilities, up to rounding."""
    return torch.allclose(packed, plain, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
