"""Signs that a model has collapsed, whatever the judge says. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

N_GRAM = 3
MAX_REPETITION = 0.5
"""An answer more than half of whose 3-grams it has said before goes in circles."""

MIN_TOPIC_SHARE = 0.5
"""An answer must keep at least this share of the base answer's cosine to the query."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a model's answers compare with the base model's on the same queries.

    ``repetition`` is the mean :func:`repetition_rate`, ``n_repetitive`` the answers above
    :data:`MAX_REPETITION`, ``n_base_repetitive`` the base's; ``length_ratio`` the median of words
    over the base answer's words; ``on_topic`` the share of :func:`on_topic`; ``n_distinct``
    counts different answers.
    """

    n_answers: int
    n_distinct: int
    repetition: float
    n_repetitive: int
    n_base_repetitive: int
    length_ratio: float
    on_topic: float


def repetition_rate(text: str, n: int = N_GRAM) -> float:
    """Share of a text's word n-grams that it has already said: 1 - distinct-n, in [0, 1).

    A text with fewer than ``n + 1`` words repeats nothing. Words are cut at white space and
    compared without regard to case.
    """
    words = text.casefold().split()
    grams = [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def is_repetitive(text: str) -> bool:
    """Whether a text goes in circles."""
    return repetition_rate(text) > MAX_REPETITION


def length_ratio(answer: str, base_answer: str) -> float:
    """Words of an answer over words of the base answer; an empty base answer counts as one."""
    return len(answer.split()) / max(1, len(base_answer.split()))


def topic_shares(answers: FloatArray, base_answers: FloatArray, queries: FloatArray) -> FloatArray:
    """How near each answer is to its query, against how near the base answer is.

    Parameters
    ----------
    answers, base_answers, queries : array
        L2-normalised embeddings, shape [n, d], row by row.

    Returns
    -------
    array
        Shape [n]: the answer's cosine over the base answer's. 1 = as near as the base answer;
        where the base answer is not near at all (cosine <= 0), 1 if the answer is no farther
        and 0 otherwise.
    """
    own = np.einsum("nd,nd->n", answers, queries)
    base = np.einsum("nd,nd->n", base_answers, queries)
    shares = np.where(base > 0, own / np.where(base > 0, base, 1), own >= base)
    return np.asarray(shares, dtype=np.float32)


def on_topic(shares: FloatArray, min_share: float = MIN_TOPIC_SHARE) -> NDArray[np.bool_]:
    """Which answers are still about their query, from :func:`topic_shares`; shape [n]."""
    return np.asarray(shares >= min_share)


def measure_health(
    answers: Sequence[str], base_answers: Sequence[str], shares: FloatArray
) -> Health:
    """Collapse figures of a model over the same queries as the base.

    Raises
    ------
    ValueError
        No answers, or lengths that differ.
    """
    if not answers or not len(answers) == len(base_answers) == len(shares):
        lengths = f"{len(answers)}, {len(base_answers)}, {len(shares)}"
        raise ValueError(f"answers, base answers and shares must be equally many: {lengths}")
    rates = [repetition_rate(answer) for answer in answers]
    ratios = [length_ratio(*pair) for pair in zip(answers, base_answers, strict=True)]
    return Health(
        n_answers=len(answers),
        n_distinct=len(set(answers)),
        repetition=float(np.mean(rates)),
        n_repetitive=sum(rate > MAX_REPETITION for rate in rates),
        n_base_repetitive=sum(map(is_repetitive, base_answers)),
        length_ratio=float(np.median(ratios)),
        on_topic=float(np.mean(on_topic(shares))),
    )
