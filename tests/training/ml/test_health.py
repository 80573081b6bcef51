"""Signs of collapse, hand-computed."""

from __future__ import annotations

import numpy as np
import pytest

from training.ml.health import (
    is_repetitive,
    length_ratio,
    measure_health,
    on_topic,
    repetition_rate,
    topic_shares,
)


def test_repetition_counts_grams_said_before() -> None:
    # "a b a b a b": 3-grams aba, bab, aba, bab -> 2 of 4 are new.
    assert repetition_rate("a b a b a b") == 0.5
    assert repetition_rate("one two three four") == 0.0
    assert repetition_rate("No no NO no no no") == 0.75


def test_short_texts_repeat_nothing() -> None:
    assert repetition_rate("") == repetition_rate("no no") == 0.0


def test_half_is_not_yet_going_in_circles() -> None:
    assert not is_repetitive("a b a b a b")
    assert is_repetitive("a b a b a b a")  # 2 new of 5


def test_length_ratio_in_words() -> None:
    assert length_ratio("one two", "one two three four") == 0.5
    assert length_ratio("one two", "") == 2.0


def test_topic_share_is_relative_to_the_base_answer() -> None:
    query = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], dtype=np.float32)
    base = np.array([[0.8, 0.6], [0.8, 0.6], [-0.6, 0.8], [0, 1]], dtype=np.float32)
    answers = np.array([[0.4, 0.9165], [0.3, 0.954], [0, 1], [-0.6, 0.8]], dtype=np.float32)
    shares = topic_shares(answers, base, query)
    assert shares.tolist() == pytest.approx([0.5, 0.375, 1.0, 0.0], abs=1e-6)
    assert on_topic(shares + 1e-7).tolist() == [True, False, True, False]


def test_health_of_a_set_of_answers() -> None:
    health = measure_health(
        ["same text here", "same text here", "no no no no no no"],
        ["one two three", "one two three four five six", "one two three"],
        np.array([1.0, 0.2, 0.9], dtype=np.float32),
    )
    assert (health.n_answers, health.n_distinct) == (3, 2)
    assert (health.n_repetitive, health.n_base_repetitive) == (1, 0)
    assert health.repetition == pytest.approx(0.75 / 3)
    assert health.length_ratio == 1.0
    assert health.on_topic == pytest.approx(2 / 3)


def test_health_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="equally many"):
        measure_health([], [], np.zeros(0, dtype=np.float32))
