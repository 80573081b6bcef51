"""UNO §4's guards and win rate on real texts and counts, each side of every edge."""

from __future__ import annotations

import math

import pytest

from training.ml.verify import (
    PAPER_VERIFIER,
    Answered,
    CheckpointScore,
    bleu4,
    decide,
    find_collapse,
)


def test_bleu_of_a_short_answer_by_hand() -> None:
    # 13 of 52 words, all in order: precisions 1, brevity exp(1 - 52/13) = exp(-3) = .0498.
    # 13 of 51: exp(1 - 51/13) = exp(-2.923) = .0538.
    words = [f"w{n}" for n in range(52)]
    short = " ".join(words[:13])
    assert bleu4(short, " ".join(words)) == pytest.approx(math.exp(-3))
    assert bleu4(short, " ".join(words[:51])) == pytest.approx(math.exp(1 - 51 / 13))


@pytest.mark.parametrize(("n_base", "is_refused"), [(52, True), (51, False)])
def test_the_bleu_guard_on_both_sides_of_its_edge(n_base: int, is_refused: bool) -> None:
    words = [f"w{n}" for n in range(n_base)]
    answer = Answered((" ".join(words[:13]),), (1.0,))
    fault = find_collapse(answer, " ".join(words), config=PAPER_VERIFIER)
    assert fault.startswith("BLEU-4 0.050 is not above") is is_refused


@pytest.mark.parametrize(("n_base", "is_refused"), [(49, False), (50, False), (51, True)])
def test_a_tenth_of_the_base_answers_length_is_enough(n_base: int, is_refused: bool) -> None:
    words = [f"w{n}" for n in range(n_base)]
    fault = find_collapse(Answered((" ".join(words[:5]),), (1.0,)), " ".join(words))
    assert fault.startswith("5 words are under") is is_refused


@pytest.mark.parametrize(
    ("n_wins", "n_ties", "n_guarded", "rate"),
    [
        (5, 0, 0, 1.0),
        (0, 5, 0, 0.5),  # the base against itself
        (2, 1, 0, 0.5),  # (2 + .5) / 5
        (2, 1, 2, 0.5),  # a guarded win counts in the denominator only
        (0, 0, 5, 0.0),
    ],
)
def test_win_rate_by_hand(n_wins: int, n_ties: int, n_guarded: int, rate: float) -> None:
    n_losses = 5 - n_wins - n_ties - n_guarded
    assert CheckpointScore(1, n_wins, n_ties, n_losses, n_guarded).win_rate == rate


@pytest.mark.parametrize(("n_wins", "n_ties", "reaches"), [(52, 2, True), (52, 1, False)])
def test_half_points_count_at_the_threshold(n_wins: int, n_ties: int, reaches: bool) -> None:
    verdict = decide([CheckpointScore(1, n_wins, n_ties, 100 - n_wins - n_ties, 0)])
    assert verdict.best is not None
    assert verdict.best.win_rate == pytest.approx(0.52 + n_ties / 200)
    # Others ask for more than the paper does; below .53 nobody accepts.
    assert (verdict.best.win_rate >= 0.53) is reaches
    assert reaches or not verdict.is_accepted
