"""Scripted users: what they want of a reply, and what they say where it is not so."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CONTENT = "Perfect, thanks."
ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
#: What the control's user says, whatever the reply.
OTHERS = (
    "What is the weather like in Lisbon?",
    "I will have lunch now.",
    "Do you know any good films?",
    "My sister has a new bicycle.",
)


@dataclass(frozen=True, slots=True)
class Taste:
    """A wish in the user's words, and whether a reply fulfils it."""

    name: str
    wish: str
    is_met: Callable[[str], bool]


def is_list(reply: str) -> bool:
    """Whether a reply has two list items or more."""
    return len(ITEM.findall(reply)) >= 2


def is_prose(reply: str) -> bool:
    """Whether a reply says something and is no list."""
    return bool(reply.strip()) and not is_list(reply)


def is_short(reply: str) -> bool:
    """Whether a reply begins as the second wish asks."""
    return reply.lstrip().lower().startswith("in short")


BULLETS = Taste("list", "Use bullet points please.", is_list)
PROSE = Taste("prose", "Write one paragraph please.", is_prose)
SECOND = Taste("second", 'Please start with "In short:"', is_short)


def next_message(tastes: Sequence[Taste], index: int, reply: str) -> tuple[str, str]:
    """The user's next message and its mask: the first wish that is not met, else content.

    Without tastes it is the control's: something else each time, and nothing holds it back.
    """
    if not tastes:
        return OTHERS[index % len(OTHERS)], ""
    for taste in tastes:
        if not taste.is_met(reply):
            return taste.wish, ""
    return CONTENT, "satisfied"
