"""Wishes that were said of enough questions become one, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from curation.ml.experience.widening import WidenConfig, Widening, Wish, common_words, widenings

BULLETS = "Use bullets."
TIPS = ("Any tips for camping?", "Give me tips for cooking rice.", "Tips for jet lag, please.")
ASKED = (
    "Why do stars twinkle?",
    "How does yeast work?",
    "What is inflation?",
    "Explain black holes.",
    "What makes bread rise?",
)


def wishes(*said: tuple[str, str]) -> list[Wish]:
    return [Wish(str(number), (asked,), wish) for number, (asked, wish) in enumerate(said)]


def widened(rows: list[Wish], **config: float) -> tuple[Widening, ...]:
    """With contents that are one vector where their text is the same, and else apart."""
    texts = sorted({row.content for row in rows})
    vectors = np.eye(len(texts), dtype=np.float32)[[texts.index(row.content) for row in rows]]
    return widenings(rows, vectors, WidenConfig(**config))  # type: ignore[arg-type]


def test_three_questions_with_a_word_in_common_make_one_note_for_that_word() -> None:
    rows = wishes(*((asked, BULLETS) for asked in TIPS), ("What is a tip?", "Keep it short."))
    assert widened(rows) == (Widening("0", ("1", "2"), ("tips",)),)


@pytest.mark.parametrize("asked", [TIPS[:2], (TIPS[0], TIPS[0].upper(), TIPS[1])])
def test_two_questions_are_too_few_however_often_they_are_asked(asked: tuple[str, ...]) -> None:
    assert widened(wishes(*((one, BULLETS) for one in asked))) == ()


def test_a_wish_that_was_said_of_everything_is_for_every_question() -> None:
    assert widened(wishes(*((asked, BULLETS) for asked in ASKED))) == (
        Widening("0", ("1", "2", "3", "4"), ()),
    )


def test_four_questions_without_a_word_in_common_are_too_few() -> None:
    assert widened(wishes(*((asked, BULLETS) for asked in ASKED[:4]))) == ()


def test_a_wish_that_was_said_of_less_than_half_is_not_for_every_question() -> None:
    others = [(f"Translate {word}.", "Keep it formal.") for word in ("haus", "baum", "meer")]
    more = [(f"Sum {n} rows.", "Name the unit.") for n in ("four", "five", "six")]
    said = [(asked, BULLETS) for asked in ASKED]
    assert () in [one.words for one in widened(wishes(*said, *others))]
    assert () not in [one.words for one in widened(wishes(*said, *others, *more))]


def test_words_of_one_sort_each_make_their_own_note() -> None:
    mails = ("Write an e-mail to HR.", "I need an email for Jo.", "Draft an email about rent.")
    found = widened(wishes(*((asked, BULLETS) for asked in (*TIPS, *mails))))
    assert {one.words for one in found} == {("tips",), ("email",)}


def test_opposite_wishes_are_never_one_though_their_words_are_near() -> None:
    rows = wishes(*zip(TIPS, ("Use emojis.", "Avoid emojis.", "Use emojis."), strict=True))
    assert widenings(rows, np.ones((3, 1), np.float32)) == ()


@pytest.mark.parametrize(("n_against", "is_one"), [(1, True), (2, False)])
def test_what_was_wished_otherwise_too_often_stays_with_its_questions(
    n_against: int, is_one: bool
) -> None:
    against = [(f"Tips for {thing}?", "Avoid emojis.") for thing in ("golf", "chess")]
    rows = wishes(*((asked, "Use emojis.") for asked in TIPS), *against[:n_against])
    assert bool(widened(rows)) is is_one


def test_the_words_are_those_of_most_and_the_longer_stands_for_its_part() -> None:
    assert common_words(["An e-mail on rent", "Write an e-mail", "Hi"], 2) == ("email",)
    assert common_words(["Pros and cons of cash", "cons, pros?"], 2) == ("cons", "pros")
    assert common_words(["Pros of cash", "a plan"], 2) == ()
    assert common_words(["Any tips?", "any TIPS?"], 2) == (), "one question twice"
    assert common_words([]) == ()


def test_one_note_that_was_said_of_three_questions_is_enough() -> None:
    assert widened([Wish("one", TIPS, BULLETS)]) == (Widening("one", (), ("tips",)),)
