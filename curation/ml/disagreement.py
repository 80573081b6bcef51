"""How far the rules of several entries contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.ml.dedupe import normalise_rule
from curation.ml.polarity import agreements, contradictions

MAX_COMPARED = 500
"""Entries of a cluster whose rules are compared pair by pair."""
SAMPLE_SEED = 0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """``share`` of the pairs that take sides which are opposed; ``opposed`` of all pairs.

    ``example``: the entry with the most against it, and the one of those with most against it.
    """

    share: float
    opposed: float
    example: tuple[int, ...] = ()


def rule_disagreement(rules: Sequence[Sequence[str]]) -> Disagreement:
    """How far the entries of a cluster contradict each other.

    Of the pairs of entries that take sides in the same matter (contradicting rules, the same
    pole, or the same rule), ``share`` in [0, 1] are opposed; ``opposed`` is their share of all
    pairs. At most :data:`MAX_COMPARED` entries, drawn with a fixed seed, are compared.
    """
    chosen = np.random.default_rng(SAMPLE_SEED).permutation(len(rules))[:MAX_COMPARED]
    compared = [{normalise_rule(rule): rule for rule in rules[index]} for index in chosen]
    distinct = {key: rule for entry in compared for key, rule in entry.items()}
    texts, n_entries = list(distinct.values()), len(compared)
    holds = np.array([[key in entry for key in distinct] for entry in compared], dtype=np.float32)
    holds = holds.reshape(n_entries, len(texts))
    opposed = holds @ contradictions(texts).astype(np.float32) @ holds.T > 0
    agreed = (holds @ agreements(texts).astype(np.float32) @ holds.T > 0) & ~opposed
    pairs = np.triu(np.ones((n_entries, n_entries), dtype=bool), k=1)
    n_opposed, n_agreed = int((opposed & pairs).sum()), int((agreed & pairs).sum())
    return Disagreement(
        share=n_opposed / max(1, n_opposed + n_agreed),
        opposed=n_opposed / max(1, int(pairs.sum())),
        example=tuple(int(chosen[i]) for i in _most_opposed(opposed)),
    )


def _most_opposed(opposed: NDArray[np.bool_]) -> tuple[int, ...]:
    """Two rows of ``opposed`` [n, n] that are opposed, those with the most against them."""
    against = opposed.sum(axis=1)
    if not against.any():
        return ()
    first = int(against.argmax())
    return first, int((against * opposed[first]).argmax())
