"""Scripted users: what each gives back on a reply."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from training.simulation import phrasings
from training.simulation.tastes import ReasonKey, Rule, Taste

Behaviour = Literal["strong", "weak", "contradictory", "irrelevant", "hostile", "content"]
Thumb = Literal["up", "down"]

P_COMMENT = 0.5
"""How often a wish is written beside the thumb; otherwise it is the next message."""
P_NOISY_CORRECTION = 0.9
"""How often a contradictory user also edits the reply."""
P_THUMB = 0.5
"""How often somebody who is content says so with a thumb."""


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """Somebody with a name and a way of giving feedback.

    ``taste`` is what "strong", "weak" and "contradictory" users want; the others want nothing.
    """

    name: str
    behaviour: Behaviour
    taste: Taste | None = None

    def __post_init__(self) -> None:
        needs_taste = self.behaviour in ("strong", "weak", "contradictory")
        if needs_taste != (self.taste is not None):
            verb = "needs" if needs_taste else "takes no"
            raise ValueError(f"a {self.behaviour} user {verb} a taste: {self.name}")


@dataclass(frozen=True, slots=True)
class SimulatedFeedback:
    """What the user did; empty strings where nothing was written.

    ``follow_up`` is the user's next message in the conversation, ``correction`` the edited
    reply, which always differs from the reply.
    """

    thumb: Thumb | None
    reasons: tuple[ReasonKey, ...] = ()
    comment: str = ""
    follow_up: str = ""
    correction: str | None = None


def simulate_feedback(
    prompt: str, reply: str, user: SimulatedUser, rng: random.Random
) -> SimulatedFeedback:
    """The user's feedback on the reply to a prompt; the same for the same state of ``rng``."""
    return _REACTIONS[user.behaviour](prompt, reply, user, rng)


def _react_with_taste(
    prompt: str, reply: str, user: SimulatedUser, rng: random.Random
) -> SimulatedFeedback:
    taste = _taste_of(user)
    if taste.is_satisfied(reply):
        return SimulatedFeedback("up", comment=rng.choice(phrasings.PRAISE))
    broken = taste.broken_rules(reply)
    if user.behaviour == "weak" and broken:
        rule = rng.choice(broken)
        return _complain((rule,), rule.repair(reply, prompt), reply, rng)
    return _complain(broken, taste.edit(reply, prompt), reply, rng)


def _react_against_others(
    prompt: str, reply: str, user: SimulatedUser, rng: random.Random
) -> SimulatedFeedback:
    """Say the wish whatever the reply is like; edit it only sometimes."""
    taste = _taste_of(user)
    is_editing = rng.random() < P_NOISY_CORRECTION
    edited = taste.edit(reply, prompt) if is_editing else reply
    return _complain(taste.rules, edited, reply, rng)


def _react_off_topic(
    prompt: str, reply: str, user: SimulatedUser, rng: random.Random
) -> SimulatedFeedback:
    return SimulatedFeedback(None, follow_up=rng.choice(phrasings.IRRELEVANT))


def _react_with_hostility(
    prompt: str, reply: str, user: SimulatedUser, rng: random.Random
) -> SimulatedFeedback:
    words = rng.choice(phrasings.HOSTILE)
    is_comment = rng.random() < P_COMMENT
    return SimulatedFeedback(
        "down", ("other",), words if is_comment else "", "" if is_comment else words
    )


def _react_content(
    prompt: str, reply: str, user: SimulatedUser, rng: random.Random
) -> SimulatedFeedback:
    thumb: Thumb | None = "up" if rng.random() < P_THUMB else None
    return SimulatedFeedback(thumb, follow_up=rng.choice(phrasings.CONTENT))


def _complain(
    rules: tuple[Rule, ...], edited: str, reply: str, rng: random.Random
) -> SimulatedFeedback:
    """Thumb down, the reasons, each wish in the comment or the next message, and the edit."""
    wishes: dict[bool, list[str]] = {True: [], False: []}
    for rule in rules:
        wishes[rng.random() < P_COMMENT].append(rng.choice(rule.phrasings))
    lead_in = rng.choice(phrasings.LEAD_INS)
    follow_up = " ".join(filter(None, [lead_in, *wishes[False]])) if wishes[False] else ""
    return SimulatedFeedback(
        thumb="down",
        reasons=tuple(dict.fromkeys(rule.reason for rule in rules)) or ("other",),
        comment=" ".join(wishes[True]),
        follow_up=follow_up,
        correction=edited if edited != reply else None,
    )


def _taste_of(user: SimulatedUser) -> Taste:
    if user.taste is None:  # excluded when the user was made
        raise ValueError(f"{user.name} has no taste")
    return user.taste


_Reaction = Callable[[str, str, SimulatedUser, random.Random], SimulatedFeedback]
_REACTIONS: Mapping[Behaviour, _Reaction] = {
    "strong": _react_with_taste,
    "weak": _react_with_taste,
    "contradictory": _react_against_others,
    "irrelevant": _react_off_topic,
    "hostile": _react_with_hostility,
    "content": _react_content,
}
