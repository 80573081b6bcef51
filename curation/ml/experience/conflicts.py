"""Do two notes about the same thing exclude each other?"""

from __future__ import annotations

import re
from typing import NamedTuple

from curation.ml.experience.wording import FIGURE, LITERAL, QUOTED, literals, names
from curation.ml.grounding import content_stems
from curation.ml.polarity import contradicts


class Note(NamedTuple):
    """What a note is found by, and what it says."""

    trigger: str
    content: str


MIN_FRAME = 0.7
"""Share of their other content words that two statements must have in common to be one
statement with another value."""
NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|cannot|can't|isn't|aren't|wasn't|don't|doesn't|won't|without|nicht"
    r"|kein\w*|nie)\b|不|没",
    re.IGNORECASE,
)


def conflict(one: Note, other: Note) -> str:
    """Why two notes about one thing cannot both hold, in a word; empty where they can.

    ``opposite``: rules that want opposite things (:mod:`curation.ml.polarity`). ``value``: the
    same statement with another figure, quotation or name. ``negation``: the same statement
    with and without "not". Notes whose triggers name different things speak of different things.
    """
    if contradicts(one.content, other.content):
        return "opposite"
    if _differ(names(one.trigger), names(other.trigger)) or not _same_frame(one, other):
        return ""
    if bool(NEGATION.search(one.content)) != bool(NEGATION.search(other.content)):
        return "negation"
    return "value" if _has_other_value(one.content, other.content) else ""


def _differ(one: set[str], other: set[str]) -> bool:
    return bool(one - other) and bool(other - one)


def _has_other_value(one: str, other: str) -> bool:
    """Another value stands where a value stood. A statement that adds one is no contradiction,
    and one of which both name and figure differ is about something else."""
    is_figure = any(
        _is_other(literals(one, kind), literals(other, kind)) for kind in (FIGURE, QUOTED)
    )
    return is_figure != _differ(names(one), names(other))


def _is_other(one: list[str], other: list[str]) -> bool:
    """A figure stands against a figure, and a quotation against a quotation."""
    return bool(one and other) and one != other


def _same_frame(one: Note, other: Note) -> bool:
    frame, other_frame = _frame(one.content), _frame(other.content)
    shared = len(frame & other_frame)
    return bool(shared) and shared / min(len(frame), len(other_frame)) >= MIN_FRAME


def _frame(text: str) -> set[str]:
    """Content words without values."""
    named = {stem for name in names(text) for stem in content_stems(name)}
    return content_stems(LITERAL.sub(" ", text)) - named
