"""GSM8K: word problems whose answer is a number. Judges only; nothing is learned from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from training.evaluation.sets.data import find_file
from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.judging import JudgingSet
from training.evaluation.sets.protocol import Item, Metric, Scores
from uno_site.inference.protocol import ChatMessage

FILE = "test.jsonl"
NUMBER = re.compile(r"-?\$?\d[\d,]*(?:\.\d+)?")
MARKER = re.compile(r"####|\\boxed\{|\b(?:final )?answer\b(?: is)?\s*:?", re.IGNORECASE)


@dataclass(frozen=True)
class Gsm8k(JudgingSet):
    """``path`` is the test split."""

    name = "gsm8k"
    title = "Word problems (GSM8K)"
    metrics = (Metric("exact", "Right final number"),)

    def score(self, item: Item, answer: str) -> Scores:
        """1.0 where the final number is the right one, in whatever notation."""
        given = final_number(answer)
        return {"exact": float(given is not None and given == Decimal(item.facts["answer"]))}

    def read(self, line: int, row: Mapping[str, Any]) -> Item:
        question, solution = row.get("question"), str(row.get("answer"))
        number = final_number(solution) if "####" in solution else None
        if not question or number is None:
            raise SetUnreadable(f"{self.path}: line {line} has no question or no '#### number'.")
        facts = {"answer": str(number)}
        return Item(str(line), (ChatMessage("user", str(question)),), facts=facts)


def final_number(text: str) -> Decimal | None:
    """The number that an answer ends up with.

    The first one after the last marker ("####", "\\boxed{", "the answer is"), else the last of
    all. "1,200.50", "$5" and "18." are read; None where there is no number.
    """
    markers = list(MARKER.finditer(text))
    marked = NUMBER.search(text, markers[-1].end()) if markers else None
    numbers = [marked[0]] if marked else NUMBER.findall(text)
    if not numbers:
        return None
    return Decimal(numbers[-1].replace(",", "").replace("$", ""))


def make_set(path: Path | None = None) -> Gsm8k:
    """The set over a file, or over the one in the evaluation data."""
    return Gsm8k(find_file(path, "gsm8k", FILE))
