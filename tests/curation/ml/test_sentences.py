"""Feedback is cut into sentences that each say one thing."""

import pytest

from curation.ml.sentences import split_sentences, whole_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Too long. Use bullets!", ["Too long.", "Use bullets!"]),
        ("Thanks, but make it shorter.", ["Thanks", "make it shorter."]),
        ("Good start; too long", ["Good start", "too long"]),
        ("Feedback 1: Nope.\nFeedback 2: Be brief", ["Nope.", "Be brief"]),
        ("- first\n2) second\n\n* third", ["first", "second", "third"]),
        ("Ask Dr. Meyer, e.g. today. Thanks", ["Ask Dr. Meyer, e.g. today.", "Thanks"]),
        ("It costs 3.50 now", ["It costs 3.50 now"]),
        ("I want not prose but bullets.", ["I want not prose but bullets."]),
        ("wrong loop\n```py\nx = 1. But y\n```\nfix it", ["wrong loop", "fix it"]),
        ("Really?? Yes… ok", ["Really??", "Yes…", "ok"]),
        ("👍", ["👍"]),
        ("", []),
        (" \n...\n- \n", []),
    ],
)
def test_cuts(text, sentences):
    assert split_sentences(text) == sentences


def test_quotations_are_never_cut():
    text = 'Start with "Hi, Bob. How are you? But no." please. Thanks'
    assert split_sentences(text) == [
        'Start with "Hi, Bob. How are you? But no." please.',
        "Thanks",
    ]


def test_a_quotation_may_end_a_sentence():
    assert split_sentences('Say "Stop." Then wait.') == ['Say "Stop."', "Then wait."]


def test_a_new_instruction_needs_no_full_stop_before_it():
    text = "it makes up the name Remove the name from the summary."
    assert split_sentences(text) == ["it makes up the name.", "Remove the name from the summary."]


def test_answers_are_not_cut_at_clauses():
    assert whole_sentences("It is small, but it works. Try it.\n- one") == [
        "It is small, but it works.",
        "Try it.",
        "one",
    ]
