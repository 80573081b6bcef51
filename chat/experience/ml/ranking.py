"""Which notes a question gets: the gate, the score, and the budget.

Our own design (note EXPERIENCE); the paper (arXiv 2509.18771) does not publish its thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chat.experience.ml.terms import (
    coverage,
    has_key_words,
    is_about_another,
    rare_among,
    rare_terms,
)

#: How a note is found: by its trigger's likeness to the question, by its words, or always.
MEANING, WORDS, ALWAYS = "meaning", "words", "always"
#: A note this near to the question is taken as it is (cosine), ...
HI = 0.62
#: ... one this near only if it shares a rare term with it, ...
LO = 0.4
#: ... and has this share of the trigger's words.
COVERAGE = 0.4
#: A term is rare if at most this share of the notes near the question have it, ...
RARE_SHARE = 0.5
#: ... or so many notes at the most.
RARE_NOTES = 4
MAX_NOTES = 3
MAX_TOKENS = 300
#: So many of the nearest notes are looked at.
N_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class Gate:
    """When a note is near enough. Cosines in [-1, 1]; shares in [0, 1]."""

    hi: float = HI
    lo: float = LO
    coverage: float = COVERAGE
    rare_share: float = RARE_SHARE
    max_notes: int = MAX_NOTES
    max_tokens: int = MAX_TOKENS


DEFAULT_GATE = Gate()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A note that may be shown; ``similarity`` is the cosine of question and trigger, ``matching``
    one of :data:`MEANING`, :data:`WORDS`, :data:`ALWAYS`."""

    id: UUID
    similarity: float
    trigger: str
    content: str
    helpful: int = 0
    harmful: int = 0
    matching: str = MEANING


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
    by_meaning = [item for item in candidates if item.matching == MEANING]
    near = {item.id for item in _near(question, by_meaning, gate)}
    return [
        item
        for item in candidates
        if item.id in near or applies(question, item.trigger, item.matching)
    ]


def _near(question: str, candidates: Sequence[Candidate], gate: Gate) -> list[Candidate]:
    """Those that are near enough.

    Near enough is a cosine of at least ``hi``; or of at least ``lo`` where question and note
    share a term that is rare, and the question has enough of the trigger's words. Rare is no word
    that everybody uses, nor one that more than ``rare_share`` of the candidates have
    (:data:`RARE_NOTES` of them are always few enough). A note on something else of the same sort
    is never near enough (:func:`~chat.experience.ml.terms.is_about_another`).
    """
    near = [item for item in candidates if item.similarity >= gate.lo]
    near = [item for item in near if not is_about_another(question, item.trigger)]
    if all(item.similarity >= gate.hi for item in near):
        return near
    asked = rare_terms(question)
    terms = {item.id: asked & rare_terms(f"{item.trigger} {item.content}") for item in candidates}
    limit = max(RARE_NOTES, gate.rare_share * len(candidates))
    shared = rare_among(asked, list(terms.values()), limit)

    def is_near(item: Candidate) -> bool:
        has_words = coverage(question, item.trigger) >= gate.coverage
        return item.similarity >= gate.hi or bool(terms[item.id] & shared and has_words)

    return [item for item in near if is_near(item)]


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
    return item.similarity if item.matching == MEANING else max(item.similarity, gate.lo)


def tokens_at_most(text: str) -> int:
    """Tokens that a text takes, carefully counted: 3 ASCII characters each, every other one its
    own, and a few for the note's frame."""
    n_ascii = sum(character.isascii() for character in text)
    return -(-n_ascii // 3) + len(text) - n_ascii + 10
