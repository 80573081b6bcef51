"""Every kind of instruction: answers that follow it, and answers that nearly do."""

import pytest

from training.evaluation.sets.ifeval_checks import (
    CHECKS,
    count_sentences,
    follows,
    follows_loosely,
    loose_variants,
)

ENGLISH = "this is a short note about the weather in the north of england this week."
CASES = {
    "keywords:existence": (
        {"keywords": ["moon", "sun"]},
        ["The Sun and the moonlight."],
        ["The sun alone."],
    ),
    "keywords:frequency": (
        {"keyword": "story", "frequency": 2, "relation": "at least"},
        ["A story, a Story."],
        ["One story."],
    ),
    "keywords:forbidden_words": (
        {"forbidden_words": ["rock", "sand"]},
        ["Rocks and sandy shores."],
        ["A Rock."],
    ),
    "keywords:letter_frequency": (
        {"letter": "t", "let_frequency": 3, "let_relation": "less than"},
        ["Tot"],
        ["Tot t"],
    ),
    "language:response_language": (
        {"language": "de"},
        ["Das Wetter ist heute sehr schön, und wir gehen alle zusammen in den Park."],
        ["The weather is lovely today and we all go to the park together."],
    ),
    "length_constraints:number_sentences": (
        {"num_sentences": 3, "relation": "less than"},
        ["One. Two?", "Dr. Smith met Mr. Jones. They talked."],
        ["One. Two? Three!"],
    ),
    "length_constraints:number_words": (
        {"num_words": 4, "relation": "at least"},
        ["one two three four", "it's only three"],
        ["one two - three"],
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        ["first\n***\nsecond", "***\nfirst\n***\nsecond\n***"],
        ["first\n\nsecond", "first\n***\n***\nsecond", "one\n***\ntwo\n***\nthree"],
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "weekend"},
        ["Hello.\n\nWeekend, at last.", 'Hello.\n\n"Weekend" is a word.'],
        ["Weekend.\n\nHello.", "Hello.\n\nWeekends are short.", "Weekend", "a\n\nweekend\n\nc"],
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        ["Dear [name], from [city]."],
        ["Dear [name]."],
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.P.S"},
        ["Bye.\nP.P.S. More.", "bye\np. p. s more"],
        ["Bye.\nP.S. More."],
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        ["* one\n* two", "Look:\n- one\n  - two"],
        ["* one", "* one\n* two\n* three", "** bold **\n* one"],
    ),
    "detectable_format:constrained_response": (
        {},
        ["My answer is yes.", "Well. My answer is maybe."],
        ["Yes.", "my answer is no"],
    ),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        ["*one* and *two*", "**one** and *two*"],
        ["*one*", "** and **"],
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "SECTION", "num_sections": 2},
        ["SECTION 1\na\nSECTION 2\nb"],
        ["SECTION 1\na", "Section 1\na\nSection 2\nb"],
    ),
    "detectable_format:title": ({}, ["<<A title>>\nText."], ["<< >>\nText.", "<A title>"]),
    "detectable_format:json_format": (
        {},
        ['{"a": 1}', '```json\n{"a": [1, 2]}\n```', '```\n"a"\n```'],
        ["{'a': 1}", 'Here: {"a": 1}'],
    ),
    "combination:repeat_prompt": (
        {"prompt_to_repeat": "Write a haiku."},
        ["write a haiku.\nSnow falls."],
        ["Sure! Write a haiku.", "Snow falls."],
    ),
    "combination:two_responses": (
        {},
        ["one\n******\ntwo", "******\none\n******\ntwo\n******"],
        ["one", "one\n******\none", "a\n******\n******\nb", "a******b******c"],
    ),
    "startend:end_checker": (
        {"end_phrase": "Is there anything else?"},
        ["Yes. Is there anything else?", '"So. is there anything else?"  '],
        ["Is there anything else? Tell me."],
    ),
    "startend:quotation": ({}, ['"All of it."'], ['"Part" of it.', '"']),
    "change_case:english_capital": ({}, [ENGLISH.upper()], [ENGLISH, ENGLISH.title()]),
    "change_case:english_lowercase": ({}, [ENGLISH], [ENGLISH.upper(), ENGLISH.capitalize()]),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"},
        ["This is VERY IMPORTANT."],
        ["This is VERY important."],
    ),
    "punctuation:no_comma": ({}, ["No commas; none."], ["One, two."]),
}


def test_every_kind_has_cases():
    assert CASES.keys() == CHECKS.keys()
    assert len(CHECKS) == 25


@pytest.mark.parametrize("kind", CASES)
def test_answers_that_follow(kind):
    arguments, right, _ = CASES[kind]
    assert [text for text in right if not follows(kind, arguments, text)] == []


@pytest.mark.parametrize("kind", CASES)
def test_answers_that_do_not(kind):
    arguments, _, wrong = CASES[kind]
    assert [text for text in wrong if follows(kind, arguments, text)] == []


@pytest.mark.parametrize("kind", CASES)
def test_an_empty_answer_follows_nothing(kind):
    assert not follows(kind, CASES[kind][0], " \n")


def test_both_relations_at_their_edges():
    for relation, at_bound, below in (("at least", True, False), ("less than", False, True)):
        arguments = {"num_words": 3, "relation": relation}
        assert follows("length_constraints:number_words", arguments, "one two three") is at_bound
        assert follows("length_constraints:number_words", arguments, "one two") is below


def test_an_unknown_relation_is_an_error():
    with pytest.raises(ValueError, match="'exactly'"):
        follows("length_constraints:number_words", {"num_words": 1, "relation": "exactly"}, "a")


def test_null_arguments_are_passed_over():
    assert follows("punctuation:no_comma", {"num_words": None}, "none")


def test_loosely_an_introduction_and_an_ending_may_be_cut():
    answer = "Sure, here it is:\nno commas here\nBye, friend."
    assert not follows("punctuation:no_comma", {}, answer)
    assert follows_loosely("punctuation:no_comma", {}, answer)


def test_loosely_asterisks_do_not_count():
    assert not follows("startend:quotation", {}, '**"Quoted."**')
    assert follows_loosely("startend:quotation", {}, '**"Quoted."**')


def test_loosely_wrong_stays_wrong():
    assert not follows_loosely("punctuation:no_comma", {}, "a, b\nc, d\ne, f")


def test_the_eight_variants():
    assert loose_variants("*a*\nb\nc") == [
        "*a*\nb\nc", "b\nc", "*a*\nb", "b", "a\nb\nc", "b\nc", "a\nb", "b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "count"),
    [("One. Two. Three.", 3), ("It costs 3.50 euros, e.g. here.", 1), ("Really?! Yes!", 2)],
)
def test_sentences(text, count):
    assert count_sentences(text) == count
