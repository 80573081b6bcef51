"""Facts that people state when they correct a reply."""

from __future__ import annotations

import pytest

from curation.ml.experience.facts import facts_corrected, facts_said

QUERY = "How often is the intake filter of the Halden plant replaced?"


@pytest.mark.parametrize(
    ("saying", "fact"),
    [
        (
            "No, the intake filter is replaced every 14 weeks.",
            "The intake filter is replaced every 14 weeks.",
        ),
        (
            "That's wrong. The Halden filter lasts 14 weeks!",
            "The Halden filter lasts 14 weeks.",
        ),
        ("Actually, it is replaced every 14 weeks", f"{QUERY} It is replaced every 14 weeks."),
        (
            "不对，Halden 的 filter 每 14 周更换，这是规定。",
            "Halden 的 filter 每 14 周更换，这是规定。",
        ),
    ],
)
def test_a_correction_states_a_fact(saying: str, fact: str) -> None:
    assert facts_said(QUERY, [saying]) == [fact]


@pytest.mark.parametrize(
    "saying",
    [
        "Thanks, that is great.",
        "Make it shorter.",
        "Your answer is too long.",
        "Which filter is that?",
        "I want the filter in a table.",
        "My cat is called Tom.",
        "This is too long, two sentences are enough.",
        "That is way too much, five filters are enough.",
        "It was the worst thing I have ever read.",
        "Two filters are enough.",
        "A plant has numbered filters, please.",
        "No.",
        "",
    ],
)
def test_wishes_questions_and_verdicts_are_no_facts(saying: str) -> None:
    assert facts_said(QUERY, [saying]) == []


def test_an_edit_states_what_the_reply_did_not() -> None:
    reply = "The intake filter is replaced every 40 weeks. It is made of glass."
    corrected = "The intake filter is replaced every 14 weeks. It is made of glass."
    assert facts_corrected(QUERY, reply, corrected) == [
        "The intake filter is replaced every 14 weeks."
    ]


def test_an_edit_of_the_wording_states_nothing() -> None:
    reply = "The intake filter is replaced every 14 weeks."
    assert (
        facts_corrected(QUERY, reply, "The filter of the intake is replaced each 14 weeks.") == []
    )


def test_a_row_of_an_edited_table_states_nothing() -> None:
    corrected = "| The filter lasts long | The filter costs 20 euros |"
    assert (
        facts_corrected("What are the pros and cons of the filter?", "It has pros.", corrected)
        == []
    )
