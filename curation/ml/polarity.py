"""Do two rules want opposite things? A simple, explainable check on their wording."""

from __future__ import annotations

import re
from dataclasses import dataclass

from curation.ml.grounding import content_stems

MIN_SHARED_OBJECT = 0.5
"""Share of content words that "use X" and "avoid Y" must have in common to be about one thing."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that can be wanted either way."""

    name: str
    positive: re.Pattern[str]
    negative: re.Pattern[str]

    def pole(self, rule: str) -> int:
        """+1, −1, or 0 where the rule says nothing about it, or both."""
        return bool(self.positive.search(rule)) - bool(self.negative.search(rule))


def _axis(name: str, positive: str, negative: str) -> Axis:
    return Axis(name, re.compile(positive, re.IGNORECASE), re.compile(negative, re.IGNORECASE))


AXES = (
    _axis(
        "length",
        r"\b(?:longer|expand|elaborate|lengthen|write more)\b",
        r"\b(?:shorter|shorten|briefer?|concise|at most \d+ (?:sentences?|words?)|trim)\b",
    ),
    _axis(
        "detail",
        r"\bmore (?:\w+ )?detail(?:s|ed)?\b|\bmore specific\b",
        r"\b(?:less|fewer) (?:\w+ )?details?\b|\bmore general\b",
    ),
    _axis(
        "case",
        r"\bupper ?-?case\b|\bcapital letters\b|\ball caps\b",
        r"\blower ?-?case\b|\bsmall letters\b",
    ),
    _axis(
        "formality",
        r"\bmore formal\b",
        r"\b(?:less formal|more casual|informal)\b",
    ),
    _axis(
        "plainness",
        r"\b(?:simple|simpler|plain) (?:words|language|terms)\b|\bsimple words\b",
        r"\b(?:more )?technical (?:terms|words|language)\b|\bmore technical\b",
    ),
)
WANTED = re.compile(
    r"^(?:always )?(?:use|add|include|mention|give|put|write with|keep|more|say)\b", re.I
)
UNWANTED = re.compile(
    r"^(?:avoid|leave out|remove|omit|drop|skip|delete|write without|without|use (?:less|fewer|no)"
    r"|give (?:less|fewer|no)|start directly, without)\b",
    re.IGNORECASE,
)
SLOTS = (
    re.compile(r"^(?P<slot>begin|end) with \"(?P<value>[^\"]+)\"", re.IGNORECASE),
    re.compile(r"\b(?P<slot>(?i:answer|write|reply)) in (?P<value>[A-Z][a-z]+)\b"),
)
BOUND = re.compile(r"\b(?P<side>at most|at least) (?P<n>\d+) (?P<unit>[a-z]+?)s?\b", re.IGNORECASE)


def contradicts(first: str, second: str) -> bool:
    """Whether nobody could follow both rules.

    Opposite poles of an axis (shorter and longer), the same thing wanted and unwanted (use and
    avoid emojis), two values for what has one (two greetings, two languages), or a lower bound
    above an upper one.
    """
    return (
        any(axis.pole(first) * axis.pole(second) < 0 for axis in AXES)
        or _opposes(first, second)
        or _opposes(second, first)
        or _fills_differently(first, second)
        or _bounds_exclude(first, second)
        or _bounds_exclude(second, first)
    )


def _opposes(wanting: str, refusing: str) -> bool:
    if not (WANTED.match(wanting) and UNWANTED.match(refusing)) or UNWANTED.match(wanting):
        return False
    wanted, unwanted = content_stems(wanting), content_stems(refusing)
    shared = len(wanted & unwanted)
    return bool(shared) and shared / min(len(wanted), len(unwanted)) >= MIN_SHARED_OBJECT


def _fills_differently(first: str, second: str) -> bool:
    for slot in SLOTS:
        one, other = slot.search(first), slot.search(second)
        if one and other and one["slot"].lower() == other["slot"].lower():
            return one["value"].casefold() != other["value"].casefold()
    return False


def _bounds_exclude(upper: str, lower: str) -> bool:
    most, least = BOUND.search(upper), BOUND.search(lower)
    if not (most and least) or most["unit"].lower() != least["unit"].lower():
        return False
    sides = (most["side"].lower(), least["side"].lower())
    return sides == ("at most", "at least") and int(most["n"]) < int(least["n"])
