"""MemoryBench: learn from simulated dialogues, answer the test prompts, score elsewhere.

One file is one of the benchmark's tasks (``Long-Long.jsonl`` …), written by
``python -m training.evaluation.memorybench prepare``. The benchmark's scores come from its own
judge models and prompts; what is scored here is only that there is an answer, and
``python -m training.evaluation.memorybench predictions`` writes the answers as its scorer reads
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.evaluation.sets.data import find_file
from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.memorybench_rows import parse_row
from training.evaluation.sets.protocol import Dialogue, Item, Metric, Scores
from uno_site.interchange.errors import RowInvalid
from uno_site.interchange.files import iter_rows
from uno_site.interchange.records import RowError

DEFAULT_FILE = "Long-Long.jsonl"

TASKS: dict[str, tuple[str, ...]] = {
    "Long-Long": (
        "LexEval-Judge",
        "WritingBench-Politics&Law",
        "HelloBench-Academic&Knowledge-Writing",
        "WritingBench-Academic&Engineering",
        "HelloBench-Creative&Design",
        "WritingBench-Creative&Design",
    ),
    "Long-Short": ("LexEval-Summarization", "IdeaBench", "LimitGen-Syn"),
    "Short-Long": ("JuDGE", "HelloBench-Academic&Knowledge-QA", "WritingPrompts"),
    "Short-Short": ("LexEval-QA", "JRE-L", "NFCats"),
}
"""The benchmark's tasks. Of Long-Short the data sets with a corpus (LoCoMo, DialSim) are left
out, as in the UNO paper's own result files."""


@dataclass(frozen=True)
class MemoryBench:
    """``path`` is a prepared task."""

    path: Path

    name = "memorybench"
    title = "Simulated users' feedback (MemoryBench)"
    metrics = (Metric("answered", "Answers that are not empty"),)

    @cached_property
    def parsed(self) -> tuple[tuple[Dialogue, ...], tuple[Item, ...]]:
        """Dialogues and held-out prompts.

        Raises
        ------
        SetUnreadable
            Rows that cannot be read, or a prompt on both sides.
        """
        dialogues, items, refused = read_rows(self.path)
        if refused:
            raise SetUnreadable(
                f"{self.path}: {len(refused)} rows are refused, the first at {refused[0]}.",
                remedy="Prepare the task again; it says what is wrong with each row.",
            )
        asked = {item.messages for item in items}
        if shared := [dialogue.id for dialogue in dialogues if dialogue.messages in asked]:
            raise SetUnreadable(
                f"{self.path}: {len(shared)} training prompts are also test prompts, "
                f"the first is {shared[0]}."
            )
        return tuple(dialogues), tuple(items)

    def dialogues(self, seed: int) -> Sequence[Dialogue]:
        """The training split, in the file's order: the benchmark fixes it, no seed does."""
        return self.parsed[0]

    def items(self, seed: int) -> Sequence[Item]:
        """The test split."""
        return self.parsed[1]

    def score(self, item: Item, answer: str) -> Scores:
        """Whether there is an answer; its quality is for the benchmark's scorer to say."""
        return {"answered": float(bool(answer.strip()))}


def read_rows(path: Path) -> tuple[list[Dialogue], list[Item], list[RowError]]:
    """A prepared file's rows: to learn from, to answer, and refused with their reasons."""
    dialogues: list[Dialogue] = []
    items: list[Item] = []
    refused: list[RowError] = []
    seen: set[str] = set()
    for line, row in iter_rows(path):
        if isinstance(row, RowError):
            refused.append(row)
            continue
        try:
            parsed = parse_row(row)
            if parsed.id in seen:
                raise RowInvalid(f"{parsed.id} was there before")
        except RowInvalid as error:
            refused.append(RowError(line, str(error)))
            continue
        seen.add(parsed.id)
        if isinstance(parsed, Item):
            items.append(parsed)
        else:
            dialogues.append(parsed)
    return dialogues, items, refused


def make_set(path: Path | None = None) -> MemoryBench:
    """The set over a prepared task, or over Long-Long in the evaluation data."""
    return MemoryBench(find_file(path, "memorybench", DEFAULT_FILE))
