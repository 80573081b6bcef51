"""From people's edits to the rows of a run: capped, split by prompt, with what they cost."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chat.edit_cost import edit_cost
from curation.edit_selectors import EditPair, edit_material
from training.evaluation.strangers import load_strangers
from training.services.run_folder import dump_rows, row_id


@dataclass(frozen=True, slots=True)
class EditPolicy:
    """At most ``max_per_person`` edits of one person, their latest, so that nobody's taste is
    everybody's; a share of the prompts, and ``max_held_out`` at most, is held out for the gate,
    which also asks ``n_regression`` prompts of nobody's."""

    max_per_person: int = 100
    held_out_share: float = 0.2
    max_held_out: int = 40
    n_regression: int = 12


EDITS = EditPolicy()
REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class EditMaterial:
    """Edits to learn from, and edits of other prompts to be checked on."""

    train: list[EditPair]
    held_out: list[EditPair]

    def __len__(self) -> int:
        return len(self.train) + len(self.held_out)


def usable_edits(policy: EditPolicy = EDITS) -> list[EditPair]:
    """The edits that say something: changes of white space alone are none."""
    by_person: defaultdict[UUID | None, list[EditPair]] = defaultdict(list)
    for pair in edit_material():
        if edit_cost(pair.reply, pair.edited) > 0:
            by_person[pair.user_id].append(pair)
    return [
        pair
        for person, pairs in by_person.items()
        for pair in (pairs if person is None else pairs[-policy.max_per_person :])
    ]


def split_edits(
    pairs: Sequence[EditPair], *, seed: int, policy: EditPolicy = EDITS
) -> EditMaterial:
    """Split by prompt: what the gate asks was never learned."""
    groups: defaultdict[str, list[EditPair]] = defaultdict(list)
    for pair in pairs:
        groups[dump_rows([{"messages": pair.messages}]).casefold()].append(pair)
    keys = sorted(groups)
    random.Random(seed).shuffle(keys)  # noqa: S311 - a split, not a secret
    n = min(policy.max_held_out, round(policy.held_out_share * len(keys)))
    return EditMaterial(
        train=[pair for key in keys[n:] for pair in groups[key]],
        held_out=[groups[key][0] for key in keys[:n]],
    )


def edit_row(pair: EditPair) -> dict[str, Any]:
    """One row of ``train.jsonl``: the same for every kind that learns from edits."""
    return {
        "id": row_id(pair.entry_id, pair.pair_id),
        "messages": list(pair.messages),
        "chosen": pair.edited,
        "rejected": pair.reply,
        "cost": edit_cost(pair.reply, pair.edited),
    }


def gate_rows(held_out: Sequence[EditPair], policy: EditPolicy = EDITS) -> list[dict[str, Any]]:
    """Rows of ``prompts.jsonl``: the held-out prompts with their edits, then some of nobody's."""
    own = [
        _prompt_row(row_id(pair.entry_id, pair.pair_id), pair.messages, pair.edited)
        for pair in held_out
    ]
    strangers = load_strangers()
    step = max(1, len(strangers) // policy.n_regression)
    others = [
        _prompt_row(row_id(REGRESSION, number), [{"role": "user", "content": text}], "")
        for number, text in enumerate(strangers[::step][: policy.n_regression])
    ]
    return [*own, *others]


def _prompt_row(key: str, messages: list[dict[str, str]], edited: str) -> dict[str, Any]:
    return {
        "id": key,
        "messages": list(messages),
        "rules": [],
        "correction": edited or None,
        "chosen": edited,
    }
