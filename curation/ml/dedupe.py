"""Many users say the same thing in other words: rules that are duplicates become one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from curation.ml.arrays import cosine_similarities
from curation.ml.polarity import contradictions, contradicts

LITERAL = re.compile(r"\"[^\"]*\"|\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class DedupeConfig:
    """``min_similarity``: cosine of their embeddings from which two rules say the same."""

    min_similarity: float = 0.85


@dataclass(frozen=True, slots=True)
class MergedRules:
    """``groups``: indices of the rules that are one rule, the first of each stands for it.
    ``contradictions``: pairs of groups (indices into ``groups``) that want opposite things."""

    groups: tuple[tuple[int, ...], ...]
    contradictions: tuple[tuple[int, int], ...]

    @property
    def representatives(self) -> tuple[int, ...]:
        """Index of the rule that stands for each group."""
        return tuple(group[0] for group in self.groups)


def normalise_rule(rule: str) -> str:
    """Rule text for comparison: no case, no punctuation at the ends, single blanks."""
    return " ".join(rule.casefold().split()).strip(" .,;:!?-*")


def merge_rules(
    rules: Sequence[str], embeddings: ArrayLike, config: DedupeConfig | None = None
) -> MergedRules:
    """Group duplicate rules: the same normalised text, or embeddings that are near enough.

    Nearness does not count where the numbers or quotations differ ("at most 2 sentences", "at
    most 5 sentences"), nor between rules that contradict each other: embeddings hardly tell
    "shorter" from "longer". A rule joins the first group whose representative it repeats.

    Parameters
    ----------
    rules
        n rules, those to be kept first in front.
    embeddings
        [n, d] of the rules.
    """
    config = config or DedupeConfig()
    if not rules:
        return MergedRules((), ())
    cosines = cosine_similarities(embeddings, embeddings)
    groups: list[list[int]] = []
    for index, rule in enumerate(rules):
        for group in groups:
            is_near = bool(cosines[index, group[0]] >= config.min_similarity)
            if _is_duplicate(rule, rules[group[0]], is_near):
                group.append(index)
                break
        else:
            groups.append([index])
    opposed = contradictions([rules[group[0]] for group in groups])
    pairs = np.argwhere(np.triu(opposed)).tolist()
    return MergedRules(
        tuple(tuple(group) for group in groups), tuple((one, other) for one, other in pairs)
    )


def _is_duplicate(rule: str, other: str, is_near: bool) -> bool:
    if normalise_rule(rule) == normalise_rule(other):
        return True
    return is_near and _literals(rule) == _literals(other) and not contradicts(rule, other)


def _literals(rule: str) -> list[str]:
    return sorted(literal.casefold() for literal in LITERAL.findall(rule))
