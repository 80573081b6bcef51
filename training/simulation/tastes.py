"""A taste: checkable rules, and the edit that makes a reply obey them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from training.simulation.text import has_placeholder

ReasonKey = Literal[
    "inaccurate",
    "ignored_instructions",
    "style",
    "too_long",
    "too_short",
    "unhelpful",
    "wrongly_refused",
    "other",
]
Edit = Callable[[str, str], str]
"""From (reply, prompt) to the edited reply."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One checkable wish.

    ``text`` is the rule as a curator would word it, ``phrasings`` are ways in which users say
    it, ``repair`` changes a reply only so far that ``check`` holds.
    """

    name: str
    text: str
    check: Callable[[str], bool]
    repair: Edit
    reason: ReasonKey
    phrasings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taste:
    """What a user wants of a kind of reply.

    ``rewrite`` gives a reply that obeys all rules; ``fallback`` a text made from the prompt
    alone, for a reply in which nothing can be used. Where ``is_to_be_sent``, something left to
    fill in ("[Your Name]") never satisfies.
    """

    name: str
    rules: tuple[Rule, ...]
    rewrite: Edit
    fallback: Callable[[str], str]
    is_to_be_sent: bool = True

    def broken_rules(self, reply: str) -> tuple[Rule, ...]:
        """The rules that the reply does not obey, in the taste's order."""
        return tuple(rule for rule in self.rules if not rule.check(reply))

    def is_satisfied(self, reply: str) -> bool:
        """Whether the user would leave the reply as it is."""
        is_unfinished = self.is_to_be_sent and has_placeholder(reply)
        return not self.broken_rules(reply) and not is_unfinished

    def edit(self, reply: str, prompt: str = "") -> str:
        """The strong user's edit: a reply that satisfies, unchanged where it did already.

        Idempotent: ``edit(edit(reply)) == edit(reply)``.
        """
        if self.is_satisfied(reply):
            return reply
        edited = self.rewrite(reply, prompt)
        return edited if self.is_satisfied(edited) else self.fallback(prompt)
