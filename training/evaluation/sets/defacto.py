"""News summaries with human feedback and edits (DeFacto): how much would still be edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path

from chat.edit_cost import edit_cost, wording_similarity
from training.evaluation.sets.data import find_file
from training.evaluation.sets.protocol import Dialogue, Item, Metric, Scores
from training.evaluation.sets.rows import dialogue_of, read_feedback, split_prompts
from uno_site.interchange import ImportedLog

FILE = "defacto_feedback.jsonl"


@dataclass(frozen=True)
class Defacto:
    """``path`` is ``defacto_feedback.jsonl``; ``n_held_out`` of its articles are kept."""

    path: Path
    n_held_out: int = 60

    name = "defacto"
    title = "Summaries with human edits (DeFacto)"
    metrics = (
        Metric("edit_cost", "Words to change until the human edit", False, (0.0, inf)),
        Metric("similarity", "Wording shared with the human edit"),
    )

    @cached_property
    def rows(self) -> list[ImportedLog]:
        """Rows that a person edited; the others say nothing about a better answer."""
        return [row for row in read_feedback(self.path) if row.correction]

    def dialogues(self, seed: int) -> Sequence[Dialogue]:
        """Summaries of the articles that are not held out, with feedback and edit."""
        learned, _ = split_prompts(self.rows, self.n_held_out, seed)
        return [dialogue_of(row) for row in learned]

    def items(self, seed: int) -> Sequence[Item]:
        """Held-out articles."""
        _, held_out = split_prompts(self.rows, self.n_held_out, seed)
        return [
            Item(row.external_id, row.messages, facts={"edit": row.correction}) for row in held_out
        ]

    def score(self, item: Item, answer: str) -> Scores:
        """Edit cost to the human edit, and the symmetric similarity, which a short answer does not
        distort: an edit cost divides by the words of the answer."""
        edit = str(item.facts["edit"])
        return {
            "edit_cost": edit_cost(answer, edit),
            "similarity": wording_similarity(answer, edit),
        }


def make_set(path: Path | None = None) -> Defacto:
    """The set over a file, or over the one in the evaluation data."""
    return Defacto(find_file(path, "seed", FILE))
