"""Who judges, and whether that judge may decide what is served (UNO, "Small models")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from curation.models import Cluster, CurationPolicy
from curation.roles.judges import Judge, JudgeItem
from curation.roles.resolve import resolve_judge
from training.ml.verify import VERIFIER, PromotionRule, VerifierConfig

from .answers import Answers, Row, turns

Scores = Mapping[str, Sequence[float]]
"""A judge's scores by row id, in the order of the row's samples."""
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


def compare_answers(
    judge: Judge, rows: Sequence[Row], answers: Answers, base: Answers, base_scores: Scores
) -> tuple[Scores, Scores]:
    """The answers' and the base's scores, by row id: what the verifier compares.

    A judge that reads two answers at once gives points for each answer against the base's answer
    of the same sample, and the base what is left of them; the others score each by itself.
    """
    if not judge.is_pairwise:
        return score_answers(judge, rows, answers), base_scores
    pairs = [
        (_item(row, text), _item(row, other))
        for row in rows
        for text, other in zip(answers[row["id"]], base[row["id"]], strict=True)
    ]
    points = iter(judge.prefer_many(pairs))
    won = {row["id"]: [next(points) for _ in answers[row["id"]]] for row in rows}
    return won, {key: [1.0 - value for value in values] for key, values in won.items()}


def current_verifier() -> VerifierConfig:
    """The verifier's thresholds with the promotion rule of the instance's policy."""
    rule = CurationPolicy.current().promotion_rule
    return replace(VERIFIER, rule=cast(PromotionRule, rule))


def _item(row: Row, text: str) -> JudgeItem:
    return JudgeItem(turns(row), text, tuple(row["rules"]), row["correction"])
