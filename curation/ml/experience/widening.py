"""From a wish said of several questions to one note for all questions of their sort.

Somebody who asks for tips about this and that, and says each time that they want them numbered,
wants numbered tips. Our own design: no likeness of embeddings reaches from one such question to
the next (docs/experiments.md), but the words that they ask with are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.experience.ml.terms import has_key_words, key_words
from curation.ml.experience.conflicts import Note, conflict
from curation.ml.experience.wording import same_saying

FloatArray = NDArray[np.float32]

WISHES = frozenset({"preference", "rule", "strategy"})
"""Kinds that tell how to answer. What is true of one thing is not true of another."""


MIN_QUESTIONS, MIN_ANYTHING = 3, 5
"""Of how many different questions a wish was said that is for all of their words, or for every
question."""


@dataclass(frozen=True, slots=True)
class WidenConfig:
    """``alike_at``: cosine of two contents from which they are one wish, if their figures agree.
    ``min_questions`` with a word in common make a note for that word. ``min_anything`` without
    one make a note for every question, if they are at least ``min_share`` of all that the person
    wished something for. ``max_opposed`` is the share of a sort of questions, in [0, 1], of which
    the opposite may have been said."""

    alike_at: float = 0.7
    min_questions: int = MIN_QUESTIONS
    min_anything: int = MIN_ANYTHING
    min_share: float = 0.5
    max_opposed: float = 0.25


@dataclass(frozen=True, slots=True)
class Wish:
    """A live note about how to answer one sort of question; ``key`` is its id, ``questions`` those
    that it was said of, its trigger first."""

    key: str
    questions: tuple[str, ...]
    content: str

    @property
    def note(self) -> Note:
        """Its trigger and content."""
        return Note(self.questions[0], self.content)


@dataclass(frozen=True, slots=True)
class Widening:
    """``gone`` join ``kept``, which is found by ``words`` from then on; by none: always."""

    kept: str
    gone: tuple[str, ...]
    words: tuple[str, ...]


def widenings(
    wishes: Sequence[Wish], contents: FloatArray, config: WidenConfig | None = None
) -> tuple[Widening, ...]:
    """The wishes of one person that were said of enough questions.

    Parameters
    ----------
    wishes
        The n that stand, the one to keep of equals first.
    contents
        Unit vectors [n, d] of what they say.

    Returns
    -------
    Each wish is in one of them at most.
    """
    config = config or WidenConfig()
    found: list[Widening] = []
    for group in _alike(wishes, contents, config):
        found += _of_group([wishes[index] for index in group], wishes, config)
    return tuple(found)


def common_words(questions: Iterable[str], at_least: int = MIN_QUESTIONS) -> tuple[str, ...]:
    """The word that the most of these questions have, if ``at_least`` so many different ones do,
    with what they have in common besides, sorted; or none. Of a word and its part (e-mail, mail)
    the whole is named.

    >>> common_words(["Write an e-mail to Jo", "I need an email for HR", "What is HR?"], 2)
    ('email',)
    """
    words = {_folded(question): key_words(question) for question in questions}
    counts = Counter(word for found in words.values() for word in found)
    best = max(counts, key=lambda word: (counts[word], word), default="")
    if not best or counts[best] < at_least:
        return ()
    common = frozenset.intersection(*(found for found in words.values() if best in found))
    return tuple(
        sorted(word for word in common if not any(word != one and word in one for one in common))
    )


def _alike(wishes: Sequence[Wish], contents: FloatArray, config: WidenConfig) -> list[list[int]]:
    """Groups of indices that say one thing, each by its first."""
    groups: list[list[int]] = []
    for index, wish in enumerate(wishes):
        for group in groups:
            head = wishes[group[0]]
            is_near = bool(contents[group[0]] @ contents[index] >= config.alike_at)
            if same_saying(head.content, wish.content, is_near=is_near) and not _clash(head, wish):
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def _of_group(group: Sequence[Wish], wishes: Sequence[Wish], config: WidenConfig) -> list[Widening]:
    found = []
    left = list(group)
    while words := common_words(_questions(left), config.min_questions):
        members = _asked_with(left, words)
        left = [wish for wish in left if wish not in members]
        if not _is_opposed(members, _asked_with(wishes, words), config):
            found.append(_widening(members, words))
    if _is_said_of_most(left, wishes, config) and not _is_opposed(left, wishes, config):
        found.append(_widening(left, ()))
    return found


def _is_said_of_most(members: Sequence[Wish], wishes: Sequence[Wish], config: WidenConfig) -> bool:
    n_asked, n_all = _n_questions(members), _n_questions(wishes)
    return n_asked >= config.min_anything and n_asked >= config.min_share * n_all


def _widening(members: Sequence[Wish], words: tuple[str, ...]) -> Widening:
    return Widening(members[0].key, tuple(wish.key for wish in members[1:]), words)


def _asked_with(wishes: Sequence[Wish], words: tuple[str, ...]) -> list[Wish]:
    """Those that were said of a question with these words."""
    text = " ".join(words)
    return [wish for wish in wishes if any(has_key_words(one, text) for one in wish.questions)]


def _clash(one: Wish, other: Wish) -> bool:
    """Whether they want opposite things: embeddings hardly tell "use" from "avoid"."""
    return bool(conflict(one.note, other.note))


def _is_opposed(members: Sequence[Wish], asked: Sequence[Wish], config: WidenConfig) -> bool:
    """Whether the opposite was said of too many of the same sort of questions."""
    against = [wish for wish in asked if _clash(members[0], wish)]
    n_against, n_for = _n_questions(against), _n_questions(members)
    return n_against > config.max_opposed * (n_against + n_for)


def _questions(wishes: Iterable[Wish]) -> list[str]:
    return [question for wish in wishes for question in wish.questions]


def _n_questions(wishes: Sequence[Wish]) -> int:
    return len({_folded(question) for question in _questions(wishes)})


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
