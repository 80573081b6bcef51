"""What the simulated users think of replies, in numbers. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.edit_cost import edit_cost
from training.simulation.tastes import Taste
from uno_site.inference.protocol import FloatArray

ON_TOPIC_COSINE = 0.6
"""An answer this near to its prompt is on topic whatever else it is near to."""


@dataclass(frozen=True, slots=True)
class TopicMetrics:
    """One topic's replies, as its users see them.

    ``edit_cost`` >= 0 is the mean over replies of what the strong user changes (lower is
    better); ``rules_obeyed`` in [0, 1] the share of (reply, rule) pairs in which the rule
    holds; ``on_topic`` in [0, 1] the share of replies that answer their own prompt.
    """

    edit_cost: float
    rules_obeyed: float
    on_topic: float


def measure_topic(
    taste: Taste,
    prompts: Sequence[str],
    replies: Sequence[str],
    reply_embeddings: FloatArray,
    prompt_embeddings: FloatArray,
) -> TopicMetrics:
    """All metrics of one topic's replies, ``prompts[i]`` answered by ``replies[i]``.

    Embeddings are L2-normalised, [n, d], n >= 2.
    """
    return TopicMetrics(
        edit_cost=float(np.mean(edit_costs(taste, prompts, replies))),
        rules_obeyed=share_of_rules_obeyed(taste, replies),
        on_topic=on_topic_rate(reply_embeddings, prompt_embeddings),
    )


def edit_costs(taste: Taste, prompts: Sequence[str], replies: Sequence[str]) -> list[float]:
    """What the strong user changes in each reply, relative to its length (arXiv 2601.19055)."""
    return [
        edit_cost(reply, taste.edit(reply, prompt))
        for prompt, reply in zip(prompts, replies, strict=True)
    ]


def share_of_rules_obeyed(taste: Taste, replies: Sequence[str]) -> float:
    """Share of (reply, rule) pairs in which the rule holds; 0 for no replies."""
    obeyed = [rule.check(reply) for reply in replies for rule in taste.rules]
    return sum(obeyed) / len(obeyed) if obeyed else 0.0


def on_topic_rate(
    reply_embeddings: FloatArray,
    prompt_embeddings: FloatArray,
    threshold: float = ON_TOPIC_COSINE,
) -> float:
    """Share of replies that are about their own prompt.

    A reply is on topic when it is nearer to its own prompt than, on average, to the other
    prompts, or when its cosine to its own prompt reaches ``threshold``.

    Give the prompts of *one* topic. Against prompts of another topic, a model that sends one
    and the same e-mail to 30 different requests still scores .93; against the requests
    themselves .43, where the reference model's own replies score 1.0.

    Parameters
    ----------
    reply_embeddings, prompt_embeddings
        L2-normalised, [n, d], row by row, n >= 2.

    Raises
    ------
    ValueError
        Fewer than two replies, or shapes that do not fit.
    """
    n = len(prompt_embeddings)
    if reply_embeddings.shape != prompt_embeddings.shape or n < 2:
        shapes = f"{reply_embeddings.shape} and {prompt_embeddings.shape}"
        raise ValueError(f"replies and prompts must be equally many, at least two: {shapes}")
    flags = are_on_topic(reply_embeddings, prompt_embeddings, prompt_embeddings, threshold)
    return float(np.mean(flags))


def are_on_topic(
    reply_embeddings: FloatArray,
    own_prompts: FloatArray,
    prompt_embeddings: FloatArray,
    threshold: float = ON_TOPIC_COSINE,
) -> NDArray[np.bool_]:
    """Which replies are about their own prompt, as :func:`on_topic_rate` tells it; shape [n].

    Parameters
    ----------
    reply_embeddings, own_prompts
        L2-normalised, [n, d], row by row.
    prompt_embeddings
        L2-normalised, [m, d]: all prompts of the topic, the own ones included. With one prompt
        only ``threshold`` decides.
    """
    own = np.einsum("nd,nd->n", reply_embeddings, own_prompts)
    n_others = len(prompt_embeddings) - 1
    if n_others < 1:
        return np.asarray(own >= threshold)
    cosines = reply_embeddings @ prompt_embeddings.T  # [n, m]
    others = (cosines.sum(axis=1) - own) / n_others
    return np.asarray((own > others) | (own >= threshold))


def win_rate(costs_before: Sequence[float], costs_after: Sequence[float]) -> float:
    """Share of prompts whose reply costs less to edit than before; a tie counts half."""
    wins = [
        1.0 if after < before else 0.5 if after == before else 0.0
        for before, after in zip(costs_before, costs_after, strict=True)
    ]
    return sum(wins) / len(wins) if wins else 0.0
