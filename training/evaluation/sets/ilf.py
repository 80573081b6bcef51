"""Code answers with human feedback and rewrites (ILF over MBPP): scored by running the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.evaluation.sets.code_answers import function_name, programs_of
from training.evaluation.sets.data import find_file
from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.protocol import Dialogue, Item, Metric, Scores
from training.evaluation.sets.rows import dialogue_of, read_feedback, split_prompts
from training.evaluation.sets.sandbox import SandboxLimits, run_tests
from uno_site.interchange import ImportedLog

FILE = "ilf_feedback.jsonl"
DEFAULT_LIMITS = SandboxLimits()


@dataclass(frozen=True)
class Ilf:
    """``path`` is ``ilf_feedback.jsonl``; ``n_held_out`` of its tasks are kept for scoring."""

    path: Path
    n_held_out: int = 40
    limits: SandboxLimits = DEFAULT_LIMITS

    name = "ilf"
    title = "Code with human feedback (ILF)"
    metrics = (Metric("tests_passed", "Answers that pass their tests"),)

    @cached_property
    def rows(self) -> list[ImportedLog]:
        """Every row; each has tests."""
        rows = read_feedback(self.path)
        if untested := [row.external_id for row in rows if not row.extra.get("test")]:
            raise SetUnreadable(
                f"{self.path}: {len(untested)} rows have no 'test', the first is {untested[0]}.",
                remedy="Restore the file from its source.",
            )
        return rows

    def dialogues(self, seed: int) -> Sequence[Dialogue]:
        """Tasks that are not held out, with their feedback and rewrite."""
        learned, _ = split_prompts(self.rows, self.n_held_out, seed)
        return [dialogue_of(row) for row in learned]

    def items(self, seed: int) -> Sequence[Item]:
        """Held-out tasks."""
        _, held_out = split_prompts(self.rows, self.n_held_out, seed)
        return [item_of(row) for row in held_out]

    def score(self, item: Item, answer: str) -> Scores:
        """1.0 where every assertion holds in the sandbox, else 0.0."""
        prompt = item.messages[-1].content
        tests = f"{item.facts['test']}\ncheck({function_name(prompt)})\n"
        outcome = run_tests(programs_of(prompt, answer), tests, self.limits)
        return {"tests_passed": float(outcome.has_passed)}


def item_of(row: ImportedLog) -> Item:
    """A task as a held-out prompt, with its assertions."""
    return Item(row.external_id, row.messages, facts={"test": row.extra["test"]})


def make_set(path: Path | None = None) -> Ilf:
    """The set over a file, or over the one in the evaluation data."""
    return Ilf(find_file(path, "seed", FILE))
