"""What must not become an experience: instructions to the system, links, secrets, people.

A note is read by a model beside other people's questions, so a planted one would speak to it.
Rules about answers are imperatives too ("Use short sentences."); what is refused are those about
the system itself, its permissions, or other people. Every refusal has a name.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from curation.ml.experience.patterns import LINK, PERMISSION, PII, SECRET, SYSTEM, TARGETS
from curation.ml.experience.unmasking import has_hidden, readings

Reason = Literal[
    "hidden_text",
    "system_instruction",
    "permission_claim",
    "targets_others",
    "link",
    "secret",
    "personal_data",
    "too_long",
]
"""Why a text is refused, by name; shown on the record, and translated by the pages."""

HOSTILE: frozenset[Reason] = frozenset(
    {"hidden_text", "system_instruction", "permission_claim", "targets_others"}
)
"""Nobody writes these by mistake: nothing at all is kept of what was said along with them.
Links, secrets and personal data are written in good faith; only the sentence goes."""

MAX_CHARS = 400
"""Of a trigger or a content: ≈ 100 tokens, so that three notes fit into 300."""
MIN_ENTROPY_CHARS = 20
MIN_ENTROPY = 3.7
"""Bits a character of a token that is nobody's word: keys have 4 and more, words about 3."""
OPAQUE = re.compile(rf"(?<![\w/+.-])[A-Za-z0-9_+/=-]{{{MIN_ENTROPY_CHARS},}}(?![\w/+-])")
CARD = re.compile(r"(?<!\d)(?:\d[ -]?){13,19}(?!\d)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text may not be kept. ``found`` is what gave it away; it is never stored with it."""

    reason: Reason
    found: str


def refusal_of(*texts: str) -> Refusal | None:
    """The first reason, in the order of :data:`CHECKS`, for which any text is refused; or None.

    Parameters
    ----------
    texts
            What would be kept: trigger and content. Each is looked at in every one of its
        :func:`~curation.ml.experience.unmasking.readings`.
    """
    for text in texts:
        if has_hidden(text):
            return Refusal("hidden_text", "")
        if len(text) > MAX_CHARS:
            return Refusal("too_long", "")
    ways = [way for text in texts for way in readings(text)]
    for reason, check in CHECKS:
        for way in ways:
            if found := check(way):
                return Refusal(reason, found)
    return None


def hostile_reason(*texts: str) -> Reason | None:
    """Why a whole stretch of a chat is left alone, however long; None where it may be read."""
    if any(has_hidden(text) for text in texts):
        return "hidden_text"
    ways = [way for text in texts for way in readings(text)]
    for reason, check in CHECKS:
        if reason in HOSTILE and any(check(way) for way in ways):
            return reason
    return None


def personal_data(*texts: str) -> str:
    """What in the texts tells of a person or is a secret; empty for nothing.

    The scan before anything is shared: stricter than :func:`refusal_of` in nothing, asked of
    these two reasons alone.
    """
    ways = [way for text in texts for way in readings(text)]
    return next((found for way in ways if (found := _pii(way) or _secret(way))), "")


def _search(expression: re.Pattern[str]) -> Callable[[str], str]:
    def find(text: str) -> str:
        match = expression.search(text)
        return match[0] if match else ""

    return find


def _pii(text: str) -> str:
    found = _search(PII)(text)
    return found or next((card for card in CARD.findall(text) if _is_card(card)), "")


def _is_card(text: str) -> bool:
    """Luhn's check: of random numbers a tenth passes, of card numbers every one."""
    digits = [int(digit) for digit in reversed(re.sub(r"\D", "", text))]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return len(digits) >= 13 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _secret(text: str) -> str:
    return _search(SECRET)(text) or next(
        (token for token in OPAQUE.findall(text) if _is_opaque(token)), ""
    )


def _is_opaque(token: str) -> bool:
    """Whether nobody would write this as a word: letters and figures mixed, all different."""
    kinds = [bool(re.search(kind, token)) for kind in ("[a-z]", "[A-Z]", "[0-9]")]
    return sum(kinds) >= 2 and any(map(str.isdigit, token)) and entropy(token) >= MIN_ENTROPY


def entropy(token: str) -> float:
    """Shannon entropy of a token's characters, in bits a character."""
    shares = [count / len(token) for count in Counter(token).values()]
    return -sum(share * math.log2(share) for share in shares)


CHECKS: tuple[tuple[Reason, Callable[[str], str]], ...] = (
    ("system_instruction", _search(SYSTEM)),
    ("permission_claim", _search(PERMISSION)),
    ("targets_others", _search(TARGETS)),
    ("secret", _secret),
    ("personal_data", _pii),
    ("link", _search(LINK)),
)
