"""From a cluster's approved pairs to the rows of a run: split, and shaped for each kind."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _

from curation.models import PairSource
from training.models import AdapterKind
from uno_site.errors import InvalidInput
from uno_site.prompts.loader import load_prompt

from .run_folder import dump_rows, row_id

if TYPE_CHECKING:
    from curation.selectors import TrainingPair


@dataclass(frozen=True, slots=True)
class SplitPolicy:
    """How a cluster's pairs are divided (UNO §4: 80/20, seeded).

    With fewer than ``min_validation`` prompts no win rate is clearly above chance, and below
    ``min_train`` pairs there is nothing to learn from. ``good_validation`` prompts are held out
    where that takes no more than ``max_validation_share``: with eight an adapter may lose one and
    still be accepted (our additions, docs/adr/0007-a-promotion-needs-more-than-chance.md).
    """

    validation_share: float = 0.2
    min_validation: int = 5
    good_validation: int = 8
    max_validation_share: float = 1 / 3
    min_train: int = 5

    @property
    def min_prompts(self) -> int:
        """The fewest different prompts with which a cluster can be trained."""
        return self.min_train + self.min_validation

    def n_validation(self, n_prompts: int) -> int:
        """How many of so many different prompts are held out."""
        wished = min(self.good_validation, int(n_prompts * self.max_validation_share))
        return max(self.min_validation, round(n_prompts * self.validation_share), wished)


SPLIT = SplitPolicy()
COMMON_SPLIT = SplitPolicy(max_validation_share=0.45)
"""Where an expert begins from common ground, its own rows are not all that it learns from, and with
six prompts a single lost one reads as chance: eight are held out from 18 on (measured in
docs/experiments.md)."""


@dataclass(frozen=True, slots=True)
class Split:
    """Training and validation pairs; no prompt is in both."""

    train: list[TrainingPair]
    validation: list[TrainingPair]


def query_of(pair: TrainingPair) -> str:
    """The last user turn of a pair's prompt."""
    return str(pair.messages[-1]["content"])


def count_prompts(pairs: Sequence[TrainingPair]) -> int:
    """How many different prompts there are: what the minimum is counted in."""
    return len({prompt_key(pair) for pair in pairs})


def prompt_key(pair: TrainingPair) -> str:
    """Equal for pairs that ask the same, whatever the case."""
    return dump_rows([{"messages": pair.messages}]).casefold()


def untrained_prompts(pairs: Sequence[TrainingPair], trained: Collection[UUID]) -> set[str]:
    """The prompts of ``pairs`` of which no entry is among the ``trained`` ones."""
    known = {prompt_key(pair) for pair in pairs if pair.entry_id in trained}
    return {prompt_key(pair) for pair in pairs} - known


def unseen_pairs(pairs: Sequence[TrainingPair], trained: Collection[UUID]) -> list[TrainingPair]:
    """The pairs whose prompts have no entry among the ``trained`` ones."""
    unseen = untrained_prompts(pairs, trained)
    return [pair for pair in pairs if prompt_key(pair) in unseen]


def split_pairs(
    pairs: Sequence[TrainingPair],
    *,
    seed: int,
    policy: SplitPolicy = SPLIT,
    trained: Collection[UUID] = (),
) -> Split:
    """Split by prompt, so that the verifier never asks what was trained on.

    ``trained`` are entries that the adapter has learned already; their prompts are never held out.

    The same pairs in any order and the same seed give the same split.

    Raises
    ------
    InvalidInput
        Too few prompts; says how many are missing.
    """
    groups: dict[str, list[TrainingPair]] = {}
    for pair in pairs:
        groups.setdefault(prompt_key(pair), []).append(pair)
    if len(groups) < policy.min_prompts:
        raise InvalidInput(
            _("The cluster has %(n)s approved prompts; training needs %(min_prompts)s.")
            % {"n": len(groups), "min_prompts": policy.min_prompts},
            remedy=_("Approve pairs and rules of %(min_prompts)s more entries.")
            % {"min_prompts": policy.min_prompts - len(groups)},
        )
    keys = sorted(groups)
    random.Random(seed).shuffle(keys)  # noqa: S311 - a split, not a secret
    untrained = untrained_prompts(pairs, trained)
    keys.sort(key=lambda key: key not in untrained)
    n_validation = min(policy.n_validation(len(keys)), len(untrained))
    return Split(
        train=[pair for key in keys[n_validation:] for pair in groups[key]],
        validation=[pair for key in keys[:n_validation] for pair in groups[key]],
    )


def numbered(rules: Sequence[str]) -> str:
    """Rules as the critic writes them: one on each line, numbered from 1 (UNO §5)."""
    return "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, start=1))


def training_row(kind: str, pair: TrainingPair) -> dict[str, Any]:
    """One row of ``train.jsonl`` for an expert (UNO §4) or a critic (UNO §5)."""
    key = row_id(pair.entry_id, pair.pair_id)
    if kind == AdapterKind.CRITIC:
        prompt = load_prompt("critic/suggest").render(query=query_of(pair), answer=pair.rejected)
        messages = [{"role": turn.role, "content": turn.content} for turn in prompt]
        return {"id": key, "messages": messages, "completion": numbered(pair.rules)}
    return {
        "id": key,
        "messages": list(pair.messages),
        "chosen": pair.chosen,
        "rejected": pair.rejected,
    }


def verification_row(pair: TrainingPair) -> dict[str, Any]:
    """One row of ``prompts.jsonl``: what the verifier asks, and what the judge may know.

    Where the user wrote no correction but preferred a regenerated reply, that one stands for
    it: a person said that it is better. A judged revision never does.
    """
    is_preferred = pair.source == PairSource.REGENERATED
    return {
        "id": row_id(pair.entry_id, pair.pair_id),
        "messages": list(pair.messages),
        "rules": list(pair.rules),
        "correction": pair.correction or (pair.chosen if is_preferred else None),
        "chosen": pair.chosen,
    }


def verification_rows(pairs: Sequence[TrainingPair]) -> list[dict[str, Any]]:
    """One row for each different prompt, the first pair of it (the best source) speaking."""
    first: dict[str, TrainingPair] = {}
    for pair in pairs:
        first.setdefault(prompt_key(pair), pair)
    return [verification_row(pair) for pair in first.values()]
