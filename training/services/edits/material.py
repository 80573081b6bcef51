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
    everybody's, where more than one edited; a share of the prompts, and ``max_held_out`` at most,
    is held out for the gate, which also asks ``n_regression`` prompts of nobody's."""

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
    """The edits that may be learned from: what counts, and what a run is made of.

    Changes of white space alone say nothing. Where a single person edited, all of theirs are
    used: there is nobody else whose taste theirs could crowd out. (Imported edits are nobody's.)
    """
    by_person: defaultdict[UUID | None, list[EditPair]] = defaultdict(list)
    for pair in edit_material():
        if _says_something(pair):
            by_person[pair.user_id].append(pair)
    is_capped = len(by_person.keys() - {None}) > 1
    return [
        pair
        for person, pairs in by_person.items()
        for pair in (pairs[-policy.max_per_person :] if is_capped and person else pairs)
    ]


def _says_something(pair: EditPair) -> bool:
    """Whether any word changed. Cutting texts into words is slow, so it is left for those that
    agree but for white space."""
    is_reworded = "".join(pair.reply.split()) != "".join(pair.edited.split())
    return is_reworded or edit_cost(pair.reply, pair.edited) > 0


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
