"""Who judges, and whether that judge may decide what is served (UNO, "Small models")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from curation.roles.judges import Judge, JudgeItem
from curation.roles.resolve import JudgeCheck, resolve_judge

from .answers import Answers, Row, turns

NO_JUDGE = "No judge beats chance on this deployment's own pairs, so nothing may be accepted."


@dataclass(frozen=True, slots=True)
class Gate:
    """The active judge and its latest check; ``judge`` is None where none is left."""

    judge: Judge | None
    check: JudgeCheck

    @property
    def may_gate(self) -> bool:
        """Only a judge whose whole interval lies above chance may."""
        return self.judge is not None and self.check.beats_chance

    @property
    def name(self) -> str:
        """The judge's name, as the report shows it."""
        return self.judge.name if self.judge else "none"

    def refusal(self) -> str:
        """Why it may not gate, with the figures."""
        if self.judge is None or self.check.n == 0:
            return NO_JUDGE
        return (
            f"{NO_JUDGE} The best one, {self.name}, told {self.check.accuracy:.0%} of "
            f"{self.check.n} right (95 % interval {self.check.low:.0%} to {self.check.high:.0%})."
        )

    def as_json(self) -> dict[str, Any]:
        """The check as the verification keeps it."""
        return {**asdict(self.check), "beats_chance": self.check.beats_chance}


def current_gate() -> Gate:
    """The active judge with its check on the deployment's human pairs."""
    judge, check = resolve_judge()
    return Gate(judge, check)


def judged_rows(judge: Judge, rows: Sequence[Row]) -> list[Row]:
    """The rows that the judge can score: the reference judge needs a correction."""
    return [row for row in rows if row["correction"] is not None or not judge.needs_correction]


def score_answers(judge: Judge, rows: Sequence[Row], answers: Answers) -> dict[str, list[float]]:
    """Every answer's score, by row id, in the order of the row's samples."""
    items = [_item(row, text) for row in rows for text in answers[row["id"]]]
    scores = iter(judge.score_many(items))
    return {row["id"]: [next(scores) for _ in answers[row["id"]]] for row in rows}


def _item(row: Mapping[str, Any], text: str) -> JudgeItem:
    return JudgeItem(turns(row), text, tuple(row["rules"]), row["correction"])
