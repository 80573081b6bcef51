"""From answers and scores to a verdict: the pure verifier, fed and written down (UNO §4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from curation.ml.stats import wilson_interval
from training.ml.health import Health, measure_health, repetition_rate, topic_shares
from training.ml.shared_evidence import decide_together
from training.ml.verify import (
    VERIFIER,
    Answered,
    CheckpointScore,
    Comparison,
    Verdict,
    VerifierConfig,
    choose_checkpoint,
    compare,
    decide,
    score_checkpoint,
)
from uno_site.inference.protocol import FloatArray

from .answers import Answers, Row
from .gate import Gate, Scores, compare_answers, score_answers
from .starting_points import START_EPOCH

Embed = Callable[[Sequence[str]], FloatArray]
BASE = "base"


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """What an adapter's greedy answers must show, whatever the judge says (our addition).

    ``min_on_topic`` and ``max_repetitive`` are shares of the answers, ``min_distinct`` the
    share of different ones among them, ``min_length_ratio`` the median of words over the
    base's words: a user may well want a tenth of it, nobody wants next to nothing. Where more
    of the base's answers go in circles than ``max_repetitive``, as many may.
    """

    min_on_topic: float = 0.8
    max_repetitive: float = 0.2
    min_distinct: float = 0.5
    min_length_ratio: float = 0.03

    def faults(self, health: Health) -> list[str]:
        """What is wrong, in words; empty for a healthy adapter."""
        n, found = health.n_answers, []
        if health.on_topic < self.min_on_topic:
            found.append(f"only {health.on_topic:.0%} of its answers are about their question")
        if health.n_repetitive > max(self.max_repetitive * n, health.n_base_repetitive):
            found.append(
                f"{health.n_repetitive} of {n} answers go in circles"
                f" ({health.n_base_repetitive} of the base's)"
            )
        if n > 1 and health.n_distinct < self.min_distinct * n:
            found.append(f"{n} questions got only {health.n_distinct} different answers")
        if health.length_ratio < self.min_length_ratio:
            found.append(f"its answers have {health.length_ratio:.1%} of the base's length")
        return found


HEALTH = HealthPolicy()


@dataclass(frozen=True, slots=True)
class Examined:
    """One checkpoint with everything that was found out about it."""

    epoch: int
    path: str
    validation_loss: float | None  # None for an adapter that was trained elsewhere
    answers: Answers
    health: Health
    faults: tuple[str, ...]
    comparisons: Mapping[str, Comparison]
    score: CheckpointScore | None
    base_scores: Scores | None


@dataclass(frozen=True, slots=True)
class Findings:
    """The verdict on a run, in the fields of :class:`training.models.Verification`."""

    epoch: int
    path: str
    is_accepted: bool
    is_gated: bool
    reason: str
    fields: Mapping[str, Any]

    def as_fields(self) -> dict[str, Any]:
        """Values for the verification's row."""
        return {
            **self.fields,
            "best_epoch": self.epoch,
            "is_accepted": self.is_accepted,
            "reason": self.reason,
            "threshold": VERIFIER.min_win_rate,
        }


def find_verdict(
    *,
    gate: Gate,
    rows: Sequence[Row],
    answers: Mapping[int | str, Answers],
    checkpoints: Sequence[Mapping[str, Any]],
    is_gating: bool,
    embed: Embed,
    config: VerifierConfig = VERIFIER,
    elsewhere: Sequence[CheckpointScore] = (),
) -> Findings:
    """Judge the checkpoints' answers against the base's.

    A checkpoint that is not healthy is passed over; only if none is healthy is the best of
    them reported, and refused. Where no judge may gate (``is_gating`` False) nothing is
    scored, and the adapter is kept for a look. ``elsewhere`` is how the common ground that the
    run began with did on other topics' prompts: where no checkpoint is accepted by the topic's
    own, that may still be.
    """
    base = answers[BASE]
    base_scores = score_answers(gate.judge, rows, base) if gate.judge and is_gating else None
    examined = [
        _examine(gate, rows, base, base_scores, checkpoint, answers[checkpoint["epoch"]], embed)
        for checkpoint in checkpoints
    ]
    healthy = [one for one in examined if not one.faults]
    if not is_gating:
        reason = gate.refusal() if not gate.may_gate else _too_few(gate, rows)
        best = min(examined, key=_loss)
        return _findings(gate, rows, base, examined, best, None, reason)
    verdict = decide([one.score for one in healthy or examined if one.score], config)
    best = _best_of(healthy or examined)
    start = next((one for one in healthy if one.epoch == START_EPOCH and one.score), None)
    if start and start.score and not verdict.is_accepted:
        together = decide_together(start.score, elsewhere, config)
        verdict, best = (together, start) if together else (verdict, best)
    reason = verdict.reason
    if best.faults:
        reason = f"Not healthy: {'; '.join(best.faults)}. {reason}"
    return _findings(gate, rows, base, examined, best, verdict, reason)


def _too_few(gate: Gate, rows: Sequence[Row]) -> str:
    return f"Too few of the {len(rows)} held-out prompts have what the {gate.name} judge needs."


def _loss(one: Examined) -> float:
    return math.inf if one.validation_loss is None else one.validation_loss


def _best_of(examined: Sequence[Examined]) -> Examined:
    best = choose_checkpoint([one.score for one in examined if one.score])
    return next(one for one in examined if one.score is best)


def _examine(
    gate: Gate,
    rows: Sequence[Row],
    base: Answers,
    base_scores: Scores | None,
    checkpoint: Mapping[str, Any],
    answers: Answers,
    embed: Embed,
) -> Examined:
    shares = _topic_shares(rows, answers, base, embed)
    greedy = [answers[row["id"]][0] for row in rows]
    health = measure_health(greedy, [base[row["id"]][0] for row in rows], shares)
    comparisons: dict[str, Comparison] = {}
    if gate.judge is not None and base_scores is not None:
        scores, base_scores = compare_answers(gate.judge, rows, answers, base, base_scores)
        comparisons = _compare(rows, base, base_scores, answers, scores, shares)
    epoch = int(checkpoint["epoch"])
    return Examined(
        epoch=epoch,
        path=str(checkpoint["path"]),
        validation_loss=checkpoint["validation_loss"],
        answers=answers,
        health=health,
        faults=tuple(HEALTH.faults(health)),
        comparisons=comparisons,
        score=score_checkpoint(epoch, list(comparisons.values())) if comparisons else None,
        base_scores=base_scores,
    )


def _topic_shares(rows: Sequence[Row], answers: Answers, base: Answers, embed: Embed) -> FloatArray:
    queries = [str(row["messages"][-1]["content"]) for row in rows]
    greedy = [answers[row["id"]][0] for row in rows]
    base_greedy = [base[row["id"]][0] for row in rows]
    # An empty text has no place in an embedder; a space is near to nothing.
    vectors = embed([text or " " for text in (*greedy, *base_greedy, *queries)])
    n = len(rows)
    shares = topic_shares(vectors[:n], vectors[n : 2 * n], vectors[2 * n :])
    return np.where([bool(text) for text in greedy], shares, 0.0).astype(np.float32)


def _compare(
    rows: Sequence[Row],
    base: Answers,
    base_scores: Scores,
    answers: Answers,
    scores: Scores,
    shares: FloatArray,
) -> dict[str, Comparison]:
    return {
        row["id"]: compare(
            Answered(tuple(answers[row["id"]]), tuple(scores[row["id"]]), float(share)),
            Answered(tuple(base[row["id"]]), tuple(base_scores[row["id"]])),
            row["correction"] or "",
        )
        for row, share in zip(rows, shares, strict=True)
    }


def _findings(
    gate: Gate,
    rows: Sequence[Row],
    base: Answers,
    examined: Sequence[Examined],
    best: Examined,
    verdict: Verdict | None,
    reason: str,
) -> Findings:
    is_accepted = bool(verdict and verdict.is_accepted and not best.faults)
    fields = {
        "judge": gate.name,
        "judge_check": gate.as_json(),
        "n_prompts": len(rows),
        "win_rate": best.score.win_rate if best.score else None,
        "low": verdict.interval.low if verdict else None,
        "high": verdict.interval.high if verdict else None,
        "epochs": [_epoch_row(one) for one in examined],
        "samples": [_sample(row, base, best) for row in rows],
        "health": _health_fields(rows, base, best),
    }
    return Findings(best.epoch, best.path, is_accepted, verdict is not None, reason, fields)


def _epoch_row(one: Examined) -> dict[str, Any]:
    score = one.score
    interval = wilson_interval(score.points, score.n_queries) if score else None
    return {
        "epoch": one.epoch,
        "validation_loss": one.validation_loss,
        "win_rate": score.win_rate if score else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "n_wins": score.n_wins if score else None,
        "n_ties": score.n_ties if score else None,
        "n_guarded": score.n_guarded if score else None,
        "mean_score": score.mean_score if score else None,
        "is_healthy": not one.faults,
    }


def _sample(row: Row, base: Answers, best: Examined) -> dict[str, Any]:
    """One prompt for the side-by-side view; the greedy answers speak."""
    key = row["id"]
    comparison, base_scores = best.comparisons.get(key), best.base_scores
    return {
        "id": key,
        "query": str(row["messages"][-1]["content"]),
        "base": base[key][0],
        "adapter": best.answers[key][0],
        "reference": row["correction"] or row["chosen"],
        "outcome": comparison.outcome if comparison else "",
        "reason": comparison.reason if comparison else "",
        "score": comparison.mean_score if comparison else None,
        "score_base": float(np.mean(base_scores[key])) if base_scores else None,
    }


def _health_fields(rows: Sequence[Row], base: Answers, best: Examined) -> dict[str, Any]:
    base_rates = [repetition_rate(base[row["id"]][0]) for row in rows]
    return {
        **asdict(best.health),
        "repetition_base": float(np.mean(base_rates)),
        "is_healthy": not best.faults,
        "reasons": list(best.faults),
    }
