"""Judges: what they say is read strictly, and they are believed only above chance."""

import numpy as np
import pytest

from curation.ml.judges import (
    JudgeItem,
    LikelihoodJudge,
    LlmVerdict,
    ReferenceJudge,
    judge_accuracy,
    neighbour_score,
    parse_llm_verdict,
    preference,
    preference_accuracy,
    reference_score,
    swapped_preference,
)
from uno_site.errors import InvalidInput


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "good", "score": 7}',
        'Here you are:\n```json\n{"reason": " good ", "score": 7}\n```',
    ],
)
def test_a_verdict_is_read_with_or_without_a_fence(text):
    assert parse_llm_verdict(text) == LlmVerdict(7, "good")


@pytest.mark.parametrize("score", [1, 10])
def test_the_scale_has_both_its_ends(score):
    assert parse_llm_verdict(f'{{"reason": "r", "score": {score}}}').score == score


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("8/10", "no JSON object"),
        ('{"reason": "r", "score": 7', "no JSON object"),
        ("[7]", "no JSON object"),
        ('{"reason": "r"}', "score None"),
        ('{"reason": "r", "score": "7"}', "not a whole number"),
        ('{"reason": "r", "score": 7.5}', "not a whole number"),
        ('{"reason": "r", "score": true}', "not a whole number"),
        ('{"reason": "r", "score": 0}', "outside 1–10"),
        ('{"reason": "r", "score": 11}', "outside 1–10"),
        ('{"reason": " ", "score": 7}', "no reason"),
    ],
)
def test_what_is_no_verdict_is_refused(text, what):
    with pytest.raises(InvalidInput, match=what):
        parse_llm_verdict(text)


def test_reference_score_is_the_geometric_mean_of_wording_and_meaning():
    # 1 of 4 words changed: wording .75; cosine .48.
    assert reference_score("a b c d", "a b c x", 0.48) == pytest.approx(0.6)


def test_wording_counts_by_its_ratio():
    # Arithmetic means would call them equal: (.3 + .7) / 2 and (.05 + .95) / 2.
    brief = reference_score("a b c x y z u v w s", "a b c d e f g h i j", 0.7)
    long = reference_score("a " + "l " * 19, "a b c d e f g h i j", 0.95)
    assert brief == pytest.approx((0.3 * 0.7) ** 0.5)
    assert long == pytest.approx((0.05 * 0.95) ** 0.5)
    assert brief > long


@pytest.mark.parametrize(
    ("answer", "reference", "cosine", "score"),
    [
        ("a b", "a b", 1.0, 1.0),
        ("a", "u v w x y", 0.4, 0.0),
        ("a", "a b", 0.5, 0.5),  # its edit cost is 1, but half the words are there
        ("a b", "a b", 0.64, 0.8),
        ("a b", "a b", -0.3, 0.0),
        ("  ", "a b", 0.9, 0.0),
    ],
)
def test_reference_score_stays_between_0_and_1(answer, reference, cosine, score):
    assert reference_score(answer, reference, cosine) == pytest.approx(score)


def embed_letters(texts):
    return np.array([[text.count("a") + 1e-9, text.count("b")] for text in texts], dtype=float)


def test_reference_judge_prefers_what_is_nearer_to_the_correction():
    items = [JudgeItem("q", text, reference="a a a b") for text in ("a a a b", "a a b", "b b b")]
    scores = ReferenceJudge(embed_letters).scores(items)
    assert scores[0] == pytest.approx(1.0)
    assert scores[0] > scores[1] > scores[2]
    assert ReferenceJudge(embed_letters).scores([]) == []


def test_neighbour_score_is_the_mean_wording_similarity():
    # 1 of 4 words differs: .75; 2 words in place of 4, both kept: .5.
    assert neighbour_score("a b c d", ["a b c x", "a b"]) == pytest.approx(0.625)
    assert neighbour_score(" ", ["a"]) == 0.0
    with pytest.raises(InvalidInput, match="Nothing to compare"):
        neighbour_score("a", [])


def test_a_short_answer_is_nearer_to_a_short_correction_than_a_long_one():
    correction = "hi the lamp is broken cheers ana"
    short, long = "hi the bus is late cheers ana", "dear sir " + "word " * 40
    assert neighbour_score(short, [correction]) == pytest.approx(5 / 7)
    assert neighbour_score(long, [correction]) == pytest.approx(0.0, abs=0.03)


def test_reference_judge_needs_a_correction():
    with pytest.raises(InvalidInput, match="no correction"):
        ReferenceJudge(embed_letters).scores([JudgeItem("q", "a")])


def test_likelihood_judge_scores_what_the_feedback_adds():
    logprobs = {
        ("shorter", "yes"): -1.0,
        ("", "yes"): -3.0,
        ("", "no"): -2.0,
        ("shorter", "no"): -2.5,
    }
    judge = LikelihoodJudge(lambda query, feedback, answer: logprobs[feedback, answer])
    items = [
        JudgeItem("q", "yes", feedback="shorter"),
        JudgeItem("q", "no", feedback="shorter"),
        JudgeItem("q", "no"),
    ]
    assert judge.scores(items) == pytest.approx([2.0, -0.5, 0.0])


def test_accuracy_counts_ties_half():
    accuracy = judge_accuracy([(2, 1), (1, 2), (1, 1), (3, 1)])
    assert (accuracy.n_right, accuracy.n_pairs, accuracy.share) == (2.5, 4, 0.625)
    assert not accuracy.beats_chance


def test_a_judge_beats_chance_only_with_its_whole_interval():
    # Wilson, 95 %: 8 of 10 → low .490; 9 of 10 → low .596.
    assert not judge_accuracy([(1, 0)] * 8 + [(0, 1)] * 2).beats_chance
    assert judge_accuracy([(1, 0)] * 9 + [(0, 1)]).beats_chance


def test_without_pairs_nothing_is_known():
    accuracy = judge_accuracy([])
    assert accuracy.share == 0.5
    assert not accuracy.beats_chance


def test_preferences_and_both_orders_by_hand():
    assert [preference(2, 1), preference(1, 1), preference(1, 2)] == [1.0, 0.5, 0.0]
    # The same choice in both orders, only by the place, and a draw in one of them.
    assert swapped_preference(1.0, 1.0) == 1.0
    assert swapped_preference(1.0, 0.0) == 0.5
    assert swapped_preference(0.5, 1.0) == 0.75


def test_disagreement_between_the_orders_counts_half():
    accuracy = preference_accuracy([1.0, 0.5, 0.5, 0.0])
    assert (accuracy.n_right, accuracy.n_pairs, accuracy.share) == (2.0, 4, 0.5)
