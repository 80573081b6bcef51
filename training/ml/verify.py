"""The simulated performance verifier (UNO §4): which checkpoint, and whether it may serve.

Every checkpoint and the base answer the validation queries; a judge scores the answers. This
module takes answers and scores and gives the verdict; it neither generates nor judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sacrebleu.metrics.bleu import BLEU

from curation.ml.stats import (
    CHANCE,
    Interval,
    is_above_chance,
    trials_above_chance,
    wilson_interval,
)

from .health import MIN_TOPIC_SHARE, is_repetitive

Outcome = Literal["win", "tie", "loss", "guarded"]
PromotionRule = Literal["above_chance", "paper"]

POINTS: dict[Outcome, float] = {"win": 1.0, "tie": 0.5, "loss": 0.0, "guarded": 0.0}


@dataclass(frozen=True, slots=True)
class VerifierConfig:
    """The gate's thresholds (UNO §4).

    ``is_paper_guard`` True compares with the base answer alone, as the paper does. That refuses
    whoever learns to be brief: a reply of 30 words to which the user has cut one of 140 has
    BLEU-4 below .02 against it, however right it is (docs/experiments.md). False (default) also
    lets the user's own correction be the yardstick of length and wording, and takes an answer
    that stays near its query, as the embedding tells, for no collapse.

    ``rule`` says what a win rate must show: "paper" at least ``min_win_rate``; "above_chance"
    (default) also that its whole 95 % interval lies above one half
    (docs/adr/0007-a-promotion-needs-more-than-chance.md).
    """

    min_win_rate: float = 0.53
    min_bleu: float = 0.05
    min_length_share: float = 0.1
    min_topic_share: float = MIN_TOPIC_SHARE
    is_paper_guard: bool = False
    rule: PromotionRule = "above_chance"


PAPER_VERIFIER = VerifierConfig(is_paper_guard=True, rule="paper")
VERIFIER = VerifierConfig()


@dataclass(frozen=True, slots=True)
class Answered:
    """A model's answers to one query: the greedy one first, then the samples.

    ``scores`` are the judge's, one an answer, higher is better. ``topic_share`` is that of the
    greedy answer (:func:`training.ml.health.topic_shares`), None where nobody embedded it.
    """

    texts: tuple[str, ...]
    scores: tuple[float, ...]
    topic_share: float | None = None

    def __post_init__(self) -> None:
        """Refuse answers without scores."""
        if not self.texts or len(self.texts) != len(self.scores):
            raise ValueError(f"{len(self.texts)} answers with {len(self.scores)} scores.")

    @property
    def mean_score(self) -> float:
        """Mean over the samples (UNO §4)."""
        return sum(self.scores) / len(self.scores)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One query: what the checkpoint gets for it, and why."""

    outcome: Outcome
    reason: str
    mean_score: float

    @property
    def points(self) -> float:
        """1 for a win, .5 for a tie, else 0."""
        return POINTS[self.outcome]


@dataclass(frozen=True, slots=True)
class CheckpointScore:
    """One epoch's checkpoint over all validation queries."""

    epoch: int
    n_wins: int
    n_ties: int
    n_losses: int
    n_guarded: int
    mean_score: float = 0.0

    @property
    def n_queries(self) -> int:
        """Queries compared, guarded ones included."""
        return self.n_wins + self.n_ties + self.n_losses + self.n_guarded

    @property
    def points(self) -> float:
        """Wins, plus half of the ties."""
        return self.n_wins + 0.5 * self.n_ties

    @property
    def win_rate(self) -> float:
        """Points a query, in [0, 1]; 0 without queries."""
        return self.points / self.n_queries if self.n_queries else 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier decides, in a form that a person can read.

    ``interval`` is Wilson's 95 % interval of the win rate: with five queries it is wide, and
    saying so is part of the verdict. ``n_more`` is how many more queries the same win rate would
    need to lie above chance: 0 where it does, None where no number would do.
    """

    is_accepted: bool
    best: CheckpointScore | None
    interval: Interval
    reason: str
    n_more: int | None = None


def bleu4(candidate: str, reference: str) -> float:
    """Sentence BLEU-4 in [0, 1]: sacrebleu, 13a tokens, exponential smoothing, effective order.

    Effective order: a candidate of three words is scored on 1- to 3-grams, not refused.
    """
    return float(_bleu().sentence_score(candidate, [reference]).score) / 100


@cache
def _bleu() -> BLEU:
    return BLEU(effective_order=True)


def compare(
    candidate: Answered,
    base: Answered,
    correction: str = "",
    config: VerifierConfig = VERIFIER,
) -> Comparison:
    """Compare a checkpoint with the base on one query.

    Parameters
    ----------
    candidate, base : Answered
        The same number of samples, scored by the same judge.
    correction : str
        The user's own text for this query, where there is one.
    """
    score = candidate.mean_score
    if abs(score - base.mean_score) > 1e-9 and score < base.mean_score:
        reason = f"score {score:.3f} against {base.mean_score:.3f}"
        return Comparison("loss", reason, score)
    fault = find_collapse(candidate, base.texts[0], correction, config)
    if fault:
        return Comparison("guarded", fault, score)
    outcome: Outcome = "tie" if abs(score - base.mean_score) <= 1e-9 else "win"
    return Comparison(outcome, f"score {score:.3f} against {base.mean_score:.3f}", score)


def find_collapse(
    candidate: Answered,
    base_text: str,
    correction: str = "",
    config: VerifierConfig = VERIFIER,
) -> str:
    """Why a win or a tie must not count; empty where it may. The greedy answer speaks."""
    text = candidate.texts[0]
    references = [base_text]
    if correction and not config.is_paper_guard:
        references.append(correction)
    n_words = len(text.split())
    n_expected = min(len(reference.split()) for reference in references)
    if n_words < config.min_length_share * n_expected or not n_words:
        return f"{n_words} words are under {config.min_length_share:.0%} of {n_expected}"
    if not config.is_paper_guard and is_repetitive(text):
        return "it goes in circles"
    bleu = max(bleu4(text, reference) for reference in references)
    is_near = not config.is_paper_guard and (candidate.topic_share or 0) >= config.min_topic_share
    if bleu <= config.min_bleu and not is_near:
        return f"BLEU-4 {bleu:.3f} is not above {config.min_bleu}"
    return ""


def score_checkpoint(epoch: int, comparisons: Sequence[Comparison]) -> CheckpointScore:
    """Count one checkpoint's outcomes."""
    counts = {name: sum(one.outcome == name for one in comparisons) for name in POINTS}
    total = sum(one.mean_score for one in comparisons)
    return CheckpointScore(
        epoch=epoch,
        n_wins=counts["win"],
        n_ties=counts["tie"],
        n_losses=counts["loss"],
        n_guarded=counts["guarded"],
        mean_score=total / len(comparisons) if comparisons else 0.0,
    )


def choose_checkpoint(scores: Sequence[CheckpointScore]) -> CheckpointScore | None:
    """The checkpoint with the highest win rate; among equals the later one (UNO §4 leaves it open).

    With few queries many checkpoints win as often. The later one has learned for longer and at a
    smaller rate; the judge's mean score of a few samples tells less (docs/experiments.md, "which
    of the checkpoints that win as often").
    """
    return max(scores, key=lambda one: (one.win_rate, one.epoch), default=None)


def queries_missing(score: CheckpointScore) -> int | None:
    """How many more validation queries a win rate needs to lie above chance.

    0 where it does already; None at a win rate of one half or less, where no number would do.
    """
    if is_above_chance(score.points, score.n_queries):
        return 0
    needed = trials_above_chance(score.win_rate)
    return None if needed is None else needed - score.n_queries


def decide(scores: Sequence[CheckpointScore], config: VerifierConfig = VERIFIER) -> Verdict:
    """Accept the best checkpoint if its win rate reaches the bar (UNO §4: 0.53).

    Under the rule "above_chance" it must also be more than chance at so many queries.
    """
    best = choose_checkpoint([score for score in scores if score.n_queries])
    if best is None:
        return Verdict(False, None, Interval(0.0, 1.0), "There was nothing to compare.")
    interval = wilson_interval(best.points, best.n_queries)
    reaches_bar, n_more = best.win_rate >= config.min_win_rate, queries_missing(best)
    is_accepted = reaches_bar and (config.rule == "paper" or n_more == 0)
    which = f"Epoch {best.epoch}" if best.epoch else "The adapter that it began with"
    reason = (
        f"{which} won {best.n_wins}, tied {best.n_ties} and lost {best.n_losses} of "
        f"{best.n_queries} queries ({best.n_guarded} did not count): win rate "
        f"{best.win_rate:.2f} (95 % interval {interval.low:.2f} to {interval.high:.2f}) "
        f"{_in_words(reaches_bar, n_more, config)}"
    )
    return Verdict(is_accepted, best, interval, reason, n_more)


def _in_words(reaches_bar: bool, n_more: int | None, config: VerifierConfig) -> str:
    if not reaches_bar:
        return f"is below {config.min_win_rate}."
    if config.rule == "paper":
        return f"reaches {config.min_win_rate}."
    if n_more == 0:
        return f"reaches {config.min_win_rate} and lies above {CHANCE}."
    prompts = "validation prompt" if n_more == 1 else "validation prompts"
    return (
        f"reaches {config.min_win_rate}, but could be chance: its interval does not lie above "
        f"{CHANCE}. At this win rate {n_more} more {prompts} would tell."
    )
