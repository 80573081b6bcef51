"""Who judges, and whether that judge may decide what is served (UNO, "Small models")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.models import Cluster
from curation.roles.judges import Judge, JudgeItem
from curation.roles.resolve import resolve_judge

from .answers import Answers, Row, turns

NO_JUDGE = "No judge may decide, so nothing may be accepted."


@dataclass(frozen=True, slots=True)
class Gate:
    """The judge that beats chance on human pairs, or None with the reason.

    ``check`` has the keys ``judge``, ``figure``, ``low``, ``high``, ``n`` and ``detail``.
    """

    judge: Judge | None
    check: Mapping[str, Any]
    reason: str = ""

    @property
    def may_gate(self) -> bool:
        """Only a judge whose whole interval lies above chance may."""
        return self.judge is not None

    @property
    def name(self) -> str:
        """The judge's name, as the report shows it."""
        return self.judge.name if self.judge else "none"

    def refusal(self) -> str:
        """Why nothing may be accepted."""
        return f"{NO_JUDGE} {self.reason}".strip()

    def as_json(self) -> dict[str, Any]:
        """The check as the verification keeps it."""
        return {**self.check, "beats_chance": self.may_gate}


def current_gate(cluster: Cluster | None) -> Gate:
    """The judge that beats chance on the cluster's own human pairs.

    A judge good in one place can be worse than chance in another, so the cluster's pairs are
    asked, not the deployment's as a whole.
    """
    resolved = resolve_judge(cluster)
    return Gate(resolved.judge, resolved.check, resolved.reason)


def judged_rows(judge: Judge, rows: Sequence[Row]) -> list[Row]:
    """The rows that the judge can score: the reference judge needs a correction."""
    return [row for row in rows if row["correction"] is not None or not judge.needs_correction]


def score_answers(judge: Judge, rows: Sequence[Row], answers: Answers) -> dict[str, list[float]]:
    """Every answer's score, by row id, in the order of the row's samples."""
    items = [_item(row, text) for row in rows for text in answers[row["id"]]]
    scores = iter(judge.score_many(items))
    return {row["id"]: [next(scores) for _ in answers[row["id"]]] for row in rows}


def _item(row: Row, text: str) -> JudgeItem:
    return JudgeItem(turns(row), text, tuple(row["rules"]), row["correction"])
