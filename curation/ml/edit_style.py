"""In which direction do corrections change the style, and do they agree about it?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

EMOJI = re.compile("[\U0001f300-\U0001faff☀-➿⬀-⯿]")
BULLET = re.compile(r"^\s*[-*•–]\s+\S", re.MULTILINE)
NUMBERED = re.compile(r"^\s*\d{1,2}[.)]\s+\S", re.MULTILINE)
MARKUP = re.compile(r"\*\*|^#{1,6}\s|__", re.MULTILINE)


class Correction(NamedTuple):
    """What the model replied, and what the user made of it."""

    reply: str
    corrected: str


@dataclass(frozen=True, slots=True)
class ConsistencyConfig:
    """``min_length_change``: relative change in words that counts as a wish for another length.
    An axis is looked at when at least ``min_corrections`` corrections and ``min_share`` of them
    move along it."""

    min_length_change: float = 0.2
    min_corrections: int = 4
    min_share: float = 0.25


@dataclass(frozen=True, slots=True)
class Consistency:
    """``value`` in [0, 1]: |n_up − n_down| / (n_up + n_down) on the axis ``weakest``, the one with
    the least agreement; 1 and no axis where nothing moves often enough to tell."""

    value: float
    weakest: str | None = None


def corrections_consistency(
    corrections: Sequence[Correction], config: ConsistencyConfig | None = None
) -> Consistency:
    """Do the corrections of a cluster agree in style?

    Every correction moves along some axes (length, capitals, emojis, bullets, mark-up,
    exclamation marks), up, down or not. Corrections that move equally often both ways teach
    nothing: their pairs cancel out.
    """
    config = config or ConsistencyConfig()
    needed = max(config.min_corrections, config.min_share * len(corrections))
    weakest = Consistency(1.0)
    for name, direction in AXES.items():
        moves = [direction(correction, config) for correction in corrections]
        n_moving = sum(map(abs, moves))
        if n_moving < needed:
            continue
        value = abs(sum(moves)) / n_moving
        if value < weakest.value:
            weakest = Consistency(value, name)
    return weakest


def _sign(change: float, dead_zone: float = 0.0) -> int:
    return (change > dead_zone) - (change < -dead_zone)


def _length(correction: Correction, config: ConsistencyConfig) -> int:
    before, after = (len(text.split()) for text in correction)
    return _sign((after - before) / max(1, before), config.min_length_change)


def _capitals(correction: Correction, config: ConsistencyConfig) -> int:
    """Into all capitals or into none; between, their share follows from the wording."""
    before, after = (capital_share(text) for text in correction)
    return _sign(after - before) if after in (0.0, 1.0) else 0


def _counting(expression: re.Pattern[str]) -> Callable[[Correction, ConsistencyConfig], int]:
    def direction(correction: Correction, config: ConsistencyConfig) -> int:
        before, after = (bool(expression.search(text)) for text in correction)
        return int(after) - int(before)

    return direction


def capital_share(text: str) -> float:
    """Share of capitals among the letters, in [0, 1]."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(map(str.isupper, letters)) / max(1, len(letters))


AXES: dict[str, Callable[[Correction, ConsistencyConfig], int]] = {
    "length": _length,
    "capitals": _capitals,
    "emojis": _counting(EMOJI),
    "bullets": _counting(BULLET),
    "mark-up": _counting(MARKUP),
    "exclamation marks": _counting(re.compile("!")),
}
