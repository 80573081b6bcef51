"""The chosen answer: the user's own edit, an upvoted sibling, the best judged revision."""

import pytest

from curation.ml.pairs import Candidate, PairOutcome, choose_pair, normalise_answer

REPLY = "one two three four five six seven eight nine ten"
EDIT = Candidate("my edit of the reply", "edit")
SIBLING = Candidate("a regenerated reply", "sibling")
GOOD = Candidate("a good revision of it", "revision", score=8)
BEST = Candidate("the best revision of it", "revision", score=9)
FAILED = Candidate("a revision that nobody judged", "revision")


def chosen(*candidates, reply_score=None):
    pair = choose_pair(REPLY, candidates, reply_score).pair
    assert pair is not None
    assert pair.rejected == REPLY
    return pair.chosen


def test_the_users_own_edit_comes_first():
    assert chosen(BEST, SIBLING, EDIT) is EDIT


def test_then_the_upvoted_sibling():
    assert chosen(BEST, SIBLING) is SIBLING


def test_then_the_revision_judged_best():
    assert chosen(GOOD, BEST, FAILED) is BEST


def test_of_two_edits_the_last_counts():
    later = Candidate("my second edit", "edit")
    assert chosen(EDIT, later) is later


def test_of_equal_revisions_the_first():
    assert chosen(GOOD, Candidate("another", "revision", score=8)) is GOOD


def test_a_failed_revision_is_no_pair():
    assert choose_pair(REPLY, [FAILED]) == PairOutcome(None, "not_judged")


@pytest.mark.parametrize("candidates", [[], [Candidate(" \n", "edit")]])
def test_without_an_answer_there_is_no_pair(candidates):
    assert choose_pair(REPLY, candidates) == PairOutcome(None, "no_candidate")


def test_white_space_alone_is_no_edit():
    spaced = Candidate(REPLY.replace(" ", "\n\n") + " ", "edit")
    assert choose_pair(REPLY, [spaced]) == PairOutcome(None, "nothing_changed")
    assert chosen(spaced, SIBLING) is SIBLING


def test_case_and_punctuation_are_edits():
    assert chosen(Candidate(REPLY.capitalize(), "edit")).text.startswith("One")
    assert normalise_answer("e\u0301te\u0301 ") == "\u00e9t\u00e9"


def flags(candidate, reply=REPLY, reply_score=None):
    return choose_pair(reply, [candidate], reply_score).pair.flags


def test_a_collapsed_answer_is_flagged_below_a_tenth_of_the_length():
    twenty = " ".join(["word"] * 20)
    assert flags(Candidate("a", "revision", 8), twenty) == ("much_shorter",)
    assert flags(Candidate("a b", "revision", 8), twenty) == ()


def test_a_person_may_be_as_brief_or_as_long_as_they_like():
    twenty = " ".join(["word"] * 20)
    assert flags(Candidate("a", "edit"), twenty) == ()
    assert flags(Candidate("a b c d e f", "sibling"), "x") == ()


def test_a_much_longer_answer_is_flagged_beyond_five_times():
    assert flags(Candidate("a b c d e", "revision", 8), "x") == ()
    assert flags(Candidate("a b c d e f", "revision", 8), "x") == ("much_longer",)


def test_a_revision_that_is_not_above_the_reply_is_flagged():
    assert flags(GOOD, reply_score=8) == ("not_above_reply",)
    assert flags(GOOD, reply_score=7) == ()
    assert flags(EDIT, reply_score=10) == ()


def test_going_round_in_circles_is_flagged():
    assert "repetitive" in flags(Candidate("again and again " * 8, "edit"))
