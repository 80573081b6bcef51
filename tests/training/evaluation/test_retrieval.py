"""What a memory finds for a query."""

from __future__ import annotations

import numpy as np

from training.evaluation.retrieval import MeaningIndex, WordIndex

TEXTS = ["tomato soup with basil", "train a dog to sit", "basil grows on a balcony", "tax forms"]


def test_words_find_the_text_that_shares_the_most():
    assert WordIndex(TEXTS).nearest("Which basil is in tomato soup?")[:2] == [0, 2]


def test_a_text_that_shares_no_word_is_not_found():
    index = WordIndex(TEXTS)
    assert index.nearest("dog") == [1]
    assert index.nearest("zebra") == []
    assert index.nearest("the of") == []


def test_no_more_than_k_are_found():
    assert len(WordIndex(["basil one", "basil two", "basil three"]).nearest("basil", k=2)) == 2
    assert WordIndex([]).nearest("basil") == []


def test_meaning_finds_by_cosine_the_earlier_of_equals_first():
    rows = {"x": [1, 0], "y": [0, 1], "xy": [0.6, 0.8], "again": [0, 1]}
    index = MeaningIndex(list(rows), lambda texts: np.array([rows[t] for t in texts], np.float32))
    assert index.nearest("y", k=3) == [1, 3, 2]


def test_an_empty_memory_finds_nothing():
    assert MeaningIndex([], lambda texts: np.zeros((0, 2), np.float32)).nearest("x") == []
