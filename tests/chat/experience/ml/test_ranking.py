"""The gate and the score, by hand."""

from uuid import UUID

import pytest

from chat.experience.ml.ranking import (
    ALWAYS,
    MAX_TOKENS,
    WORDS,
    Candidate,
    Gate,
    passing,
    rank,
    score,
    tokens_at_most,
    utility,
)


def note(number=1, similarity=0.9, trigger="the Kestrel gateway", content="Port 7443.", **values):
    return Candidate(UUID(int=number), similarity, trigger, content, **values)


def test_utility_is_a_half_before_anything_is_known_and_moves_with_what_is():
    assert utility(0, 0) == 0.5
    assert utility(3, 1) == pytest.approx(4 / 6)
    assert utility(0, 4) == pytest.approx(1 / 6)


def test_the_score_is_similarity_weighed_by_utility():
    assert score(0.8, 0, 0) == pytest.approx(0.8 * 0.75)
    assert score(0.8, 3, 1) == pytest.approx(0.8 * (0.5 + 0.5 * 4 / 6))


@pytest.mark.parametrize(
    ("similarity", "support", "passes"),
    [
        (0.63, None, True),
        (0.61, None, False),
        (0.51, 0.51, True),
        (0.49, 0.80, False),
        (0.80, 0.49, False),
        (0.90, 0.10, True),
    ],
    ids=[
        *("a wish that is near", "one that is not", "a fact near in both", "in what it says alone"),
        *("in its trigger alone", "the same question again"),
    ],
)
def test_near_enough(similarity, support, passes):
    one = note(similarity=similarity, support=support)
    assert bool(passing("anything at all", [one])) is passes


def test_a_question_on_another_of_the_same_sort_gets_nothing():
    assert passing("Which port does the Condor gateway use?", [note(similarity=0.75)]) == []
    assert passing("Which port does the Kestrel gateway use?", [note(similarity=0.75)])


def test_three_notes_at_the_most_the_best_first():
    notes = [note(n, 0.7 + n / 100) for n in range(1, 6)]
    assert [item.candidate.id.int for item in rank("Kestrel", notes)] == [5, 4, 3]
    assert [item.rank for item in rank("Kestrel", notes)] == [1, 2, 3]


def test_what_helped_comes_before_what_is_a_little_nearer():
    harmful, helpful = note(1, 0.82, harmful=4), note(2, 0.80, helpful=4)
    assert [item.candidate.id.int for item in rank("Kestrel", [harmful, helpful])] == [2, 1]


def test_the_budget_is_kept_and_a_shorter_note_takes_what_is_left():
    long, other, short = (
        note(1, 0.9, content="x" * 600),
        note(2, 0.89, content="y" * 600),
        note(3, 0.88, content="short"),
    )
    shown = rank("Kestrel", [long, other, short])
    assert [item.candidate.id.int for item in shown] == [1, 3]
    assert sum(item.n_tokens for item in shown) <= MAX_TOKENS


def test_ties_are_settled_the_same_way_everywhere():
    notes = [note(n, 0.8) for n in (3, 1, 2)]
    assert [item.candidate.id.int for item in rank("Kestrel", notes, Gate())] == [1, 2, 3]


def test_scripts_without_blanks_cost_a_token_a_character():
    assert tokens_at_most("端口七四四三") == 6 + 10
    assert tokens_at_most("a" * 30) == 10 + 10


TIPS = {"trigger": "tips", "content": "Use bullets.", "matching": WORDS}


@pytest.mark.parametrize(
    ("question", "is_meant"),
    [
        ("Any tips for painting a room?", True),
        ("TIPS: painting!", True),
        ("Write a poem about a tipsy duck.", False),
        ("Explain how paint dries.", False),
    ],
)
def test_a_note_by_words_is_for_the_questions_that_have_them_however_far(question, is_meant):
    assert bool(passing(question, [note(similarity=0.1, **TIPS)])) is is_meant


def test_likeness_alone_is_not_enough_for_a_note_by_words():
    assert passing("What would you advise me?", [note(similarity=0.95, **TIPS)]) == []


def test_a_note_for_every_question_is_for_this_one():
    always = note(similarity=-0.1, trigger="", matching=ALWAYS)
    assert passing("What is 17 times 23?", [always]) == [always]


def test_what_is_about_this_very_question_comes_before_what_is_for_all_of_its_sort():
    wide = note(1, 0.45, **TIPS)
    near = note(2, 0.7, "tips for the Kestrel gateway", "Restart it twice.")
    shown = rank("Tips for the Kestrel gateway?", [wide, near])
    assert [item.candidate for item in shown] == [near, wide]
    assert shown[1].score == pytest.approx(0.45 * 0.75)
    assert rank("Any tips?", [note(1, 0.1, **TIPS)])[0].score == pytest.approx(0.4 * 0.75)
