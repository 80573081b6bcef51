"""The verifier's verdict, hand-computed, with every threshold at its edge (UNO §4)."""

from __future__ import annotations

import math

import pytest

from training.ml.verify import (
    PAPER_VERIFIER,
    VERIFIER,
    Answered,
    CheckpointScore,
    Comparison,
    bleu4,
    choose_checkpoint,
    compare,
    decide,
    find_collapse,
    queries_missing,
    score_checkpoint,
)

BASE_TEXT = " ".join(f"word{n}" for n in range(100))
CORRECTION = "Hi, the heating is broken since Monday, please send somebody. Cheers, Ana"


def answered(text: str = BASE_TEXT, *scores: float, share: float | None = None) -> Answered:
    scores = scores or (0.5,)
    return Answered((text,) * len(scores), scores, share)


def test_bleu_lies_between_zero_and_one() -> None:
    assert bleu4("the cat sat on the mat", "the cat sat on the mat") == pytest.approx(1.0)
    assert bleu4("a b c d", "w x y z") == 0.0
    assert bleu4("", "w x y z") == 0.0


def test_bleu_of_a_hand_computed_case() -> None:
    # 7 words, 6 right: n-gram precisions 6/7, 5/6, 4/5, 3/4 -> their product is 3/7.
    value = bleu4("the cat sat on the mat today", "the cat sat on the mat yesterday")
    assert value == pytest.approx((3 / 7) ** 0.25)


def test_bleu_punishes_brevity() -> None:
    # Perfect 4-grams, 5 of 10 words: exp(1 - 10/5).
    assert bleu4("a b c d e", "a b c d e f g h i j") == pytest.approx(math.exp(-1))


def test_higher_mean_score_wins() -> None:
    result = compare(answered(BASE_TEXT, 0.9, 0.2, 0.7), answered(BASE_TEXT, 0.6, 0.6, 0.5))
    assert (result.outcome, result.points) == ("win", 1.0)
    assert result.mean_score == pytest.approx(0.6)


def test_equal_mean_score_is_a_tie_whatever_the_rounding() -> None:
    result = compare(answered(BASE_TEXT, 0.1, 0.2, 0.3), answered(BASE_TEXT, 0.3, 0.2, 0.1))
    assert (result.outcome, result.points) == ("tie", 0.5)


def test_lower_mean_score_loses() -> None:
    result = compare(answered(BASE_TEXT, 0.4), answered(BASE_TEXT, 0.5))
    assert (result.outcome, result.points) == ("loss", 0.0)


def test_collapsed_winner_counts_nothing() -> None:
    result = compare(answered("unrelated text of some length " * 3, 0.9), answered())
    assert (result.outcome, result.points) == ("guarded", 0.0)


def test_length_guard_at_its_edge() -> None:
    start = BASE_TEXT.split()
    nine = find_collapse(answered(" ".join(start[:9])), BASE_TEXT, config=PAPER_VERIFIER)
    ten = find_collapse(answered(" ".join(start[:10])), BASE_TEXT, config=PAPER_VERIFIER)
    assert nine == "9 words are under 10% of 100"
    assert "words" not in ten


def test_empty_answer_never_counts() -> None:
    assert find_collapse(answered("", 1.0, share=1.0), "") == "0 words are under 10% of 0"


def test_bleu_guard_at_its_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, is_guarded in ((0.05, True), (0.0500001, False)):
        monkeypatch.setattr("training.ml.verify.bleu4", lambda *texts, value=value: value)
        fault = find_collapse(answered(), BASE_TEXT, config=PAPER_VERIFIER)
        assert bool(fault) is is_guarded, value


def test_paper_guard_refuses_the_correction_itself() -> None:
    # The brevity penalty of 13 words against 100 is below .002: nothing that short can pass.
    assert find_collapse(answered(CORRECTION), BASE_TEXT, CORRECTION, PAPER_VERIFIER)
    assert find_collapse(answered(CORRECTION), BASE_TEXT, CORRECTION, VERIFIER) == ""


def test_length_of_the_correction_counts_too() -> None:
    text, correction = "three short words", "only three words"
    assert "under 10%" in find_collapse(answered(text, share=1.0), BASE_TEXT)
    assert find_collapse(answered(text, 1.0, share=1.0), BASE_TEXT, correction) == ""


def test_answer_near_its_query_is_no_collapse() -> None:
    text = "entirely other words that nobody had written there before in this case"
    assert find_collapse(answered(text, 1.0), BASE_TEXT)
    assert find_collapse(answered(text, 1.0, share=0.49), BASE_TEXT)
    assert find_collapse(answered(text, 1.0, share=0.5), BASE_TEXT) == ""
    assert find_collapse(answered(text, 1.0, share=0.5), BASE_TEXT, config=PAPER_VERIFIER)


def test_going_in_circles_counts_nothing_even_on_topic() -> None:
    assert find_collapse(answered("the heating is " * 20, 1.0, share=1.0), BASE_TEXT) == (
        "it goes in circles"
    )


def comparison(outcome: str, score: float = 0.0) -> Comparison:
    return Comparison(outcome, "", score)


def test_win_rate_counts_ties_half_and_guarded_nothing() -> None:
    outcomes = ["win", "win", "tie", "loss", "guarded"]
    score = score_checkpoint(3, [comparison(outcome, 0.2) for outcome in outcomes])
    assert score == CheckpointScore(3, 2, 1, 1, 1, pytest.approx(0.2))
    assert score.win_rate == 0.5


def test_highest_win_rate_is_chosen() -> None:
    scores = [CheckpointScore(1, 3, 0, 2, 0, 0.9), CheckpointScore(2, 4, 0, 1, 0, 0.1)]
    assert choose_checkpoint(scores) is scores[1]


def test_among_equals_the_later_one() -> None:
    first, second, third = (
        CheckpointScore(n, 4, 0, 1, 0, s) for n, s in ((1, 0.5), (2, 0.7), (3, 0.6))
    )
    assert choose_checkpoint([first, second, third]) is third


def test_nothing_to_choose_from() -> None:
    assert choose_checkpoint([]) is None
    verdict = decide([CheckpointScore(1, 0, 0, 0, 0)])
    assert (verdict.is_accepted, verdict.best) == (False, None)


@pytest.mark.parametrize(("n_wins", "is_accepted"), [(52, False), (53, True), (54, True)])
def test_the_papers_threshold_at_its_edge(n_wins: int, is_accepted: bool) -> None:
    score = CheckpointScore(1, n_wins, 0, 100 - n_wins, 0)
    assert decide([score], PAPER_VERIFIER).is_accepted is is_accepted


@pytest.mark.parametrize(
    ("n_wins", "n_ties", "n_losses", "is_accepted"),
    [
        (3, 0, 2, False),  # Wilson's low end .23
        (4, 0, 1, False),  # .376
        (4, 1, 0, False),  # .463
        (5, 0, 0, True),  # .566
        (3, 0, 0, False),  # .438
        (4, 0, 0, True),  # .510
        (7, 0, 1, True),  # .529
        (6, 1, 1, False),  # .467
        (59, 1, 40, False),  # .497
        (60, 0, 40, True),  # .502
    ],
)
def test_more_than_chance_at_its_edges(
    n_wins: int, n_ties: int, n_losses: int, is_accepted: bool
) -> None:
    assert decide([CheckpointScore(1, n_wins, n_ties, n_losses, 0)]).is_accepted is is_accepted


def test_many_queries_do_not_save_a_rate_below_the_papers_bar() -> None:
    # 5,250 of 10,000 is far from chance (low end .515) and below .53.
    verdict = decide([CheckpointScore(1, 5250, 0, 4750, 0)])
    assert (verdict.is_accepted, verdict.n_more) == (False, 0)
    assert "is below 0.53" in verdict.reason


@pytest.mark.parametrize(
    ("n_wins", "n_losses", "n_more"),
    [
        (5, 0, 0),
        (3, 2, 92),  # .96036 / .1² = 96.04, so 97 queries
        (4, 1, 6),  # .96036 / .3² = 10.67, so 11
        (3, 0, 1),
        (1, 1, None),
        (0, 3, None),
    ],
)
def test_prompts_missing_by_hand(n_wins: int, n_losses: int, n_more: int | None) -> None:
    assert queries_missing(CheckpointScore(1, n_wins, 0, n_losses, 0)) == n_more


def test_the_verdict_says_how_many_prompts_are_missing() -> None:
    verdict = decide([CheckpointScore(4, 3, 0, 2, 0)])
    assert verdict.n_more == 92
    assert verdict.reason.endswith(
        "(95 % interval 0.23 to 0.88) reaches 0.53, but could be chance: its interval does not "
        "lie above 0.5. At this win rate 92 more validation prompts would tell."
    )


def test_base_against_itself_is_not_accepted() -> None:
    verdict = decide([CheckpointScore(1, 0, 5, 0, 0)])
    assert not verdict.is_accepted
    assert "is below 0.53" in verdict.reason


def test_verdict_tells_how_sure_it_is() -> None:
    verdict = decide([CheckpointScore(2, 5, 0, 0, 0)])
    # Wilson, 5 of 5: low = 1 / (1 + 1.96^2 / 5) = .5655
    assert verdict.interval.low == pytest.approx(0.5655, abs=1e-4)
    assert verdict.interval.high == 1.0
    assert verdict.reason == (
        "Epoch 2 won 5, tied 0 and lost 0 of 5 queries (0 did not count): win rate 1.00 "
        "(95 % interval 0.57 to 1.00) reaches 0.53 and lies above 0.5."
    )


def test_answers_need_scores() -> None:
    with pytest.raises(ValueError, match="2 answers with 1 scores"):
        Answered(("a", "b"), (1.0,))
