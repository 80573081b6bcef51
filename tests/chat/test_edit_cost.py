"""The edit cost of EDITS: word Levenshtein over the words of the reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.edit_cost import edit_cost, levenshtein, tokenize, wording_similarity

words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


def reference_levenshtein(source: list[str], target: list[str]) -> int:
    if not source or not target:
        return len(source) + len(target)
    return min(
        reference_levenshtein(source[1:], target) + 1,
        reference_levenshtein(source, target[1:]) + 1,
        reference_levenshtein(source[1:], target[1:]) + (source[0] != target[0]),
    )


def test_tokens_are_the_treebank_words():
    assert tokenize("Don't stop, Ana.") == ["Do", "n't", "stop", ",", "Ana", "."]


@pytest.mark.parametrize(
    ("source", "target", "distance"),
    [
        ("", "", 0),
        ("", "a b", 2),
        ("a b", "", 2),
        ("a b c", "a x c", 1),
        ("a b c", "b c", 1),
        ("a b c d", "d c b a", 4),
        ("k i t t e n", "s i t t i n g", 3),
    ],
)
def test_levenshtein_by_hand(source, target, distance):
    assert levenshtein(source.split(), target.split()) == distance


@given(words.filter(lambda w: len(w) <= 5), words.filter(lambda w: len(w) <= 5))
def test_levenshtein_agrees_with_the_recursive_definition(source, target):
    assert levenshtein(source, target) == reference_levenshtein(source, target)


def test_untouched_costs_nothing():
    assert edit_cost("Dear Sir, hello.", "Dear Sir, hello.") == 0.0


def test_whitespace_costs_nothing():
    assert edit_cost("one two\nthree", "one  two three ") == 0.0


def test_one_of_four_words():
    assert edit_cost("one two three four", "one two 3 four") == 0.25


def test_may_exceed_one():
    assert edit_cost("hello", "one two three") == 3.0


def test_empty_reply_counts_as_one_word():
    assert edit_cost("", "") == 0.0
    assert edit_cost("", "one two") == 2.0


@pytest.mark.parametrize(
    ("first", "second", "similarity"),
    [("", "", 1.0), ("a", "", 0.0), ("a b c d", "a x c d", 0.75), ("a", "a b c d", 0.25)],
)
def test_wording_similarity_by_hand(first, second, similarity):
    assert wording_similarity(first, second) == pytest.approx(similarity)
    assert wording_similarity(second, first) == pytest.approx(similarity)
