"""IFEval: instructions whose following can be checked. Judges only; nothing is learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.evaluation.sets.data import find_file
from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.ifeval_checks import CHECKS, follows, follows_loosely
from training.evaluation.sets.judging import JudgingSet
from training.evaluation.sets.protocol import Item, Metric, Scores
from uno_site.inference.protocol import ChatMessage

FILE = "input_data.jsonl"


@dataclass(frozen=True)
class IfEval(JudgingSet):
    """``path`` is ``input_data.jsonl``."""

    name = "ifeval"
    title = "Verifiable instructions (IFEval)"
    metrics = (
        Metric("strict", "All instructions followed"),
        Metric("strict_share", "Share of the instructions followed"),
        Metric("loose", "All instructions followed, loosely"),
        Metric("loose_share", "Share followed, loosely"),
    )

    def score(self, item: Item, answer: str) -> Scores:
        """Strict and loose accuracy: of the whole prompt, and of its instructions."""
        instructions = list(zip(item.facts["kinds"], item.facts["arguments"], strict=True))
        strict = [follows(kind, given, answer) for kind, given in instructions]
        loose = [follows_loosely(kind, given, answer) for kind, given in instructions]
        return {
            "strict": float(all(strict)),
            "strict_share": sum(strict) / len(strict),
            "loose": float(all(loose)),
            "loose_share": sum(loose) / len(loose),
        }

    def read(self, line: int, row: Mapping[str, Any]) -> Item:
        kinds, arguments = row.get("instruction_id_list"), row.get("kwargs")
        if not row.get("prompt") or not kinds or not arguments or len(kinds) != len(arguments):
            raise SetUnreadable(f"{self.path}: line {line} is no IFEval prompt.")
        if unknown := sorted(set(kinds) - set(CHECKS)):
            raise SetUnreadable(f"{self.path}: line {line} has unknown instructions {unknown}.")
        return Item(
            id=str(row["key"]),
            messages=(ChatMessage("user", row["prompt"]),),
            facts={"kinds": kinds, "arguments": arguments},
        )


def make_set(path: Path | None = None) -> IfEval:
    """The set over a file, or over the one in the evaluation data."""
    return IfEval(find_file(path, "ifeval", FILE))
