"""Which notes a question gets: the gate, the score, and the budget.

Our own design (note EXPERIENCE); the paper (arXiv 2509.18771) does not publish its thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chat.experience.ml.terms import has_key_words, is_about_another

#: How a note is found: by its trigger's likeness to the question, by its words, or always.
MEANING, WORDS, ALWAYS = "meaning", "words", "always"
#: A fact is shown if its trigger and what it says are both this near to the question (cosines), or
#: if its trigger is as good as the question, ...
BOTH = 0.5
SAME = 0.9
#: ... and a wish, whose words tell nothing of what is asked, if its trigger alone is this near.
HI = 0.62
#: As near as this counts a note that does not go by likeness.
WIDE = 0.4
MAX_NOTES = 3
MAX_TOKENS = 300
#: So many of the nearest notes are looked at.
N_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class Gate:
    """When a note is near enough: cosines in [-1, 1]."""

    both: float = BOTH
    same: float = SAME
    hi: float = HI
    wide: float = WIDE
    max_notes: int = MAX_NOTES
    max_tokens: int = MAX_TOKENS


DEFAULT_GATE = Gate()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A note that may be shown; ``similarity`` is the cosine of question and trigger, ``support``
    that of question and content where it is a fact's, ``matching`` one of :data:`MEANING`,
    :data:`WORDS`, :data:`ALWAYS`."""

    id: UUID
    similarity: float
    trigger: str
    content: str
    helpful: int = 0
    harmful: int = 0
    matching: str = MEANING
    support: float | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A note that is shown, at ``rank`` 1 and on; ``n_tokens`` what it may take at the most."""

    candidate: Candidate
    rank: int
    score: float
    n_tokens: int


def utility(helpful: int, harmful: int) -> float:
    """How well the note served, in (0, 1): (helpful + 1) / (helpful + harmful + 2).

    >>> utility(0, 0)
    0.5
    """
    return (helpful + 1) / (helpful + harmful + 2)


def score(similarity: float, helpful: int, harmful: int) -> float:
    """What notes are ranked by: sim · (0.5 + 0.5 u)."""
    return similarity * (0.5 + 0.5 * utility(helpful, harmful))


def applies(question: str, trigger: str, matching: str) -> bool:
    """Whether a note that does not go by likeness is meant for a question."""
    return matching == ALWAYS or (matching == WORDS and has_key_words(question, trigger))


def passing(
    question: str, candidates: Sequence[Candidate], gate: Gate = DEFAULT_GATE
) -> list[Candidate]:
    """Those that are near enough, or meant for the question by their words, in their order."""
    return [item for item in candidates if _is_passing(question, item, gate)]


def _is_passing(question: str, item: Candidate, gate: Gate) -> bool:
    """A note on something else of the same sort is never near enough
    (:func:`~chat.experience.ml.terms.is_about_another`)."""
    if item.matching != MEANING:
        return applies(question, item.trigger, item.matching)
    if item.support is None:
        is_near = item.similarity >= gate.hi
    else:
        is_near = min(item.similarity, item.support) >= gate.both or item.similarity >= gate.same
    return is_near and not is_about_another(question, item.trigger, item.content)


def rank(question: str, candidates: Sequence[Candidate], gate: Gate = DEFAULT_GATE) -> list[Ranked]:
    """What is shown: the best by :func:`score`, as many as ``gate`` and its tokens allow.

    Ties go to the higher similarity, then to the smaller id, so that every store gives the same.
    """
    passed = passing(question, candidates, gate)
    scored = [(score(_nearness(item, gate), item.helpful, item.harmful), item) for item in passed]
    scored.sort(key=lambda pair: (-round(pair[0], 5), -round(pair[1].similarity, 5), pair[1].id))
    shown: list[Ranked] = []
    room = gate.max_tokens
    for value, item in scored:
        n_tokens = tokens_at_most(item.content)
        if len(shown) < gate.max_notes and n_tokens <= room:
            shown.append(Ranked(item, len(shown) + 1, value, n_tokens))
            room -= n_tokens
    return shown


def _nearness(item: Candidate, gate: Gate) -> float:
    """A cosine; a note that does not go by likeness counts as near as the least that is shown, so
    that one about this very question comes first."""
    return item.similarity if item.matching == MEANING else max(item.similarity, gate.wide)


def tokens_at_most(text: str) -> int:
    """Tokens that a text takes, carefully counted: 3 ASCII characters each, every other one its
    own, and a few for the note's frame."""
    n_ascii = sum(character.isascii() for character in text)
    return -(-n_ascii // 3) + len(text) - n_ascii + 10
