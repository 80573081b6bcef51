"""Do rules want opposite things? A simple, explainable check on their wording."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from curation.ml.grounding import content_stems

T = TypeVar("T")
BoolArray = NDArray[np.bool_]

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
        r"\b(?:longer|expand|elaborate|lengthen|write more)\b|^add another paragraph",
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
    _axis("formality", r"\bmore formal\b", r"\b(?:less formal|more casual|informal)\b"),
    _axis(
        "plainness",
        r"\b(?:simple|simpler|plain) (?:words|language|terms)\b",
        r"\b(?:more )?technical (?:terms|words|language)\b|\bmore technical\b",
    ),
    _axis(
        "emojis", r"^(?:use|add|put|include)\b.*\bemojis?\b", r"^(?:avoid|leave out)\b.*\bemojis?\b"
    ),
)
WANTED = re.compile(
    r"^(?:always )?(?:use|add|include|mention|give|put|write with|keep|more|say)\b", re.IGNORECASE
)
UNWANTED = re.compile(
    r"^(?:avoid|leave out|remove|omit|drop|skip|delete|write without|without|use (?:less|fewer|no)"
    r"|give (?:less|fewer|no)|start directly, without)\b",
    re.IGNORECASE,
)
SLOTS = (
    re.compile(r"^(?i:begin) with \"(?P<value>[^\"]+)\""),
    re.compile(r"^(?i:end) with \"(?P<value>[^\"]+)\""),
    re.compile(r"\b(?i:answer|write|reply) in (?P<value>[A-Z][a-z]+)\b"),
)
BOUND = re.compile(r"\bat (?P<side>most|least) (?P<n>\d+) (?P<unit>[a-z]+?)s?\b", re.IGNORECASE)


def contradicts(first: str, second: str) -> bool:
    """Whether nobody could follow both rules; see :func:`contradictions`."""
    return bool(contradictions([first, second])[0, 1])


def contradictions(rules: Sequence[str]) -> BoolArray:
    """Which of n rules exclude each other, as a symmetric matrix [n, n].

    Two rules do when they name opposite poles of an axis (shorter and longer), want and refuse
    the same thing (use and avoid tables), fill what has one value with two (greetings,
    languages), or set a lower bound above an upper one.
    """
    poles = _poles(rules)
    opposed: BoolArray = np.einsum("ia,ja->ija", poles, poles).min(axis=2, initial=0) < 0
    for slot in SLOTS:
        opposed |= _pairs(rules, partial(_slot_value, slot), _differ)
    opposed |= _pairs(rules, _object, _exclude_objects)
    opposed |= _pairs(rules, _bound, _exclude_bounds)
    return opposed


def agreements(rules: Sequence[str]) -> BoolArray:
    """Which of n rules take the same side, as a symmetric matrix [n, n]: the same pole of an
    axis, or the same rule."""
    poles = _poles(rules)
    same_side: BoolArray = np.einsum("ia,ja->ija", poles, poles).max(axis=2, initial=0) > 0
    same_side |= np.eye(len(rules), dtype=bool)
    return same_side


def _poles(rules: Sequence[str]) -> NDArray[np.int8]:
    """Poles [n, n_axes] of every rule."""
    poles = [[axis.pole(rule) for axis in AXES] for rule in rules]
    return np.array(poles, dtype=np.int8).reshape(len(rules), len(AXES))


def _pairs(
    rules: Sequence[str], stance: Callable[[str], T | None], exclude: Callable[[T, T], bool]
) -> BoolArray:
    """Symmetric matrix of the pairs whose stances exclude each other; few rules take one."""
    stances = [(i, value) for i, rule in enumerate(rules) if (value := stance(rule)) is not None]
    matrix = np.zeros((len(rules), len(rules)), dtype=bool)
    for i, one in stances:
        for j, other in stances:
            matrix[i, j] = i != j and (exclude(one, other) or exclude(other, one))
    return matrix


def _slot_value(slot: re.Pattern[str], rule: str) -> str | None:
    match = slot.search(rule)
    return match["value"].casefold() if match else None


def _differ(one: str, other: str) -> bool:
    return one != other


def _object(rule: str) -> tuple[bool, set[str]] | None:
    """Whether a thing is wanted, and the content words that name it."""
    for is_wanted, expression in ((False, UNWANTED), (True, WANTED)):
        if match := expression.match(rule):
            return is_wanted, content_stems(rule[match.end() :])
    return None


def _exclude_objects(one: tuple[bool, set[str]], other: tuple[bool, set[str]]) -> bool:
    (is_wanted, wanted), (is_also_wanted, unwanted) = one, other
    shared = len(wanted & unwanted)
    if not is_wanted or is_also_wanted or not shared:
        return False
    return shared / min(len(wanted), len(unwanted)) >= MIN_SHARED_OBJECT


def _bound(rule: str) -> tuple[str, str, int] | None:
    match = BOUND.search(rule)
    return (match["side"].lower(), match["unit"].lower(), int(match["n"])) if match else None


def _exclude_bounds(upper: tuple[str, str, int], lower: tuple[str, str, int]) -> bool:
    sides = (upper[0], lower[0])
    return sides == ("most", "least") and upper[1] == lower[1] and upper[2] < lower[2]
