"""What all topics showed decides for one that has too few prompts, unless its own speak against."""

from __future__ import annotations

import pytest

from training.ml.shared_evidence import decide_together
from training.ml.verify import CheckpointScore, decide


def score(n_wins: int, n_queries: int, n_ties: int = 0, n_guarded: int = 0) -> CheckpointScore:
    n_losses = n_queries - n_wins - n_ties - n_guarded
    return CheckpointScore(0, n_wins, n_ties, n_losses, n_guarded)


def test_five_of_seven_alone_could_be_chance_and_together_are_not() -> None:
    own, elsewhere = score(5, 7), [score(8, 8), score(7, 8), score(8, 8)]
    assert not decide([own]).is_accepted
    verdict = decide_together(own, elsewhere)
    assert verdict
    assert verdict.is_accepted
    assert verdict.best == own
    # Wilson, by hand: 5 of 7 is .714, from .359 to .918; 28 of 31 is .903, from .751 to .967.
    assert (round(verdict.interval.low, 3), round(verdict.interval.high, 3)) == (0.359, 0.918)
    assert "31 together, its win rate is 0.90 (95 % interval 0.75 to 0.97)" in verdict.reason


@pytest.mark.parametrize(
    ("own", "elsewhere", "why"),
    [
        (score(4, 8), [score(8, 8)] * 4, "its own win rate is below the bar"),
        (score(4, 7), [score(8, 8)] * 5, "its own interval ends below what all showed"),
        (score(5, 7), [score(4, 8)] * 4, "all together are no more than chance"),
        (score(5, 7), [], "nobody else was asked"),
        (score(5, 7), [score(0, 8, n_guarded=8), score(8, 8)], "what did not count is no win"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else None,
)
def test_it_is_refused(own: CheckpointScore, elsewhere: list[CheckpointScore], why: str) -> None:
    assert decide_together(own, elsewhere) is None, why


def test_ties_count_half() -> None:
    elsewhere = [score(6, 8, n_ties=2)] * 2
    assert decide_together(score(2, 6, n_ties=3), elsewhere)
    assert decide_together(score(2, 6, n_ties=2), elsewhere) is None
