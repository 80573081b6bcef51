"""Which notes about one thing exclude each other."""

from __future__ import annotations

import pytest

from curation.ml.experience.conflicts import Note, conflict

ASKED = "How often is the intake filter replaced?"


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (
            "The filter is replaced every 14 weeks.",
            "The filter is replaced every 40 weeks.",
            "value",
        ),
        ("The capital of Australia is Canberra.", "The capital of Australia is Sydney.", "value"),
        ("The lift is inspected in spring.", "The lift is not inspected in spring.", "negation"),
        ("Make the answer longer.", "Keep the answer shorter.", "opposite"),
        ("The filter is replaced every 14 weeks.", "Replace the filter every 14 weeks.", ""),
        ("The filter is replaced every 14 weeks.", "The filter is made of glass.", ""),
        ("The red team meets at 9.", "The blue team meets at 10.", ""),
        ('Use bullets that start with "-".', "Use at most 3 bullets.", ""),
        ('Use at most 2 bullets with "-".', "Use at most 3 bullets.", "value"),
    ],
)
def test_same_statement_other_value(one: str, other: str, why: str) -> None:
    assert conflict(Note(ASKED, one), Note(ASKED, other)) == why
    assert conflict(Note(ASKED, other), Note(ASKED, one)) == why


def test_two_offices_may_open_at_different_times() -> None:
    oslo = Note("When does the Oslo office open?", "The office opens at 8.")
    bergen = Note("When does the Bergen office open?", "The office opens at 9.")
    assert conflict(oslo, bergen) == ""
    named = Note("x", "The office in Oslo opens at 8.")
    assert conflict(named, Note("x", "The office in Bergen opens at 9.")) == ""
