"""What a reply's aftermath says about the notes that it was shown.

Values in, values out. The signals of one reply are weighed in the order of how plainly they speak:
a correction, a thumb, the person's next turn.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from chat.experience.ml.terms import coverage, rare_terms

Verdict = Literal["helpful", "harmful", "neutral"]
Attitude = Literal["praise", "objection", "none"]

#: Reasons of a thumb down that say nothing about what a note stated.
ABOUT_FORM = frozenset({"style", "too_long", "too_short", "wrongly_refused"})
#: The next turn asks the same again if it has this share of the question's words.
ASKED_AGAIN = 0.8
#: A note was used if the reply says this share of what it tells.
USED_SHARE = 1 / 3
#: Cosine from which a note's trigger is the question itself.
SAME_QUESTION = 0.9
#: Only the beginning of a turn says what the person thinks of the reply before.
_OPENING_CHARS = 160

_OBJECTION = re.compile(
    r"\b(?:that|this|it|the answer)(?:['’]s| is| was)? (?:not (?:right|true|correct|so)|wrong|false"
    r"|incorrect|outdated|made up)\b|^\W*(?:no|nope|wrong|incorrect)\b(?! (?:problem|worries))"
    r"|\b(?:isn|wasn)['’]?t (?:right|true|correct)\b|\byou(?:['’]re| are) (?:wrong|mistaken)\b"
    r"|^\W*(?:nein|falsch)\b|\b(?:stimmt|ist) (?:so )?nicht(?: richtig)?\b|\bist falsch\b"
    r"|不对|不是这样|错了|不正确",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d+")
_CONTRACTION = re.compile(r"(?:n['’]t|['’](?:s|re|ll|ve|d|m))\b", re.IGNORECASE)
_PRAISE = re.compile(
    r"^\W*(?:thanks|thank you|great|perfect|excellent|exactly|correct|right|that helps|well done"
    r"|danke|super|perfekt|genau|richtig|stimmt(?! (?:so )?nicht))\b"
    r"|\b(?:that|this)(?:['’]s| is| was) (?:right|correct|perfect|great|exactly)\b"
    r"|谢谢|很好|正确|没错",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came after a reply; empty and 0 where nothing did.

    ``thumb`` is 1, -1 or 0; ``reasons`` are the keys of a thumb; ``next_turn`` is the person's next
    message.
    """

    question: str
    reply: str
    thumb: int = 0
    reasons: Collection[str] = ()
    correction: str = ""
    next_turn: str = ""


def attitude(next_turn: str) -> Attitude:
    """What the beginning of a turn says about the reply before it."""
    opening = next_turn.strip()[:_OPENING_CHARS]
    if _OBJECTION.search(opening):
        return "objection"
    return "praise" if _PRAISE.search(opening) else "none"


def was_used(content: str, reply: str, question: str = "") -> bool:
    """Whether the reply says what the note states, :data:`USED_SHARE` of it at least; a note that
    states nothing rare (a wish about form, say) always counts as used.

    What the question named already does not count, where the note says more than that: otherwise
    a right note would be blamed for a wrong one that stood beside it and named the same. And a
    word in common with a right answer is no merit: the wrong note beside it has that too.
    """
    told = _told(content, question)
    return not told or len(told & _stated(reply)) >= USED_SHARE * len(told)


def says_otherwise(content: str, objection: str, question: str = "") -> bool:
    """Whether an objection says what is right instead, and the note says nothing of it."""
    right = _stated(objection) - _stated(question)
    return bool(right) and not right & _told(content, question)


def _told(content: str, question: str) -> frozenset[str]:
    """What a note adds to the question; where that is nothing, all that it states."""
    stated = _stated(content)
    return (stated - _stated(question)) or stated


def _stated(text: str) -> frozenset[str]:
    """Rare terms, and figures however short: a time of day, a floor."""
    return rare_terms(_CONTRACTION.sub("", text)) | frozenset(_FIGURE.findall(text))


def credit(
    content: str, after: Aftermath, *, similarity: float = 0.0
) -> tuple[Verdict, str] | None:
    """What the use of a note with this text counts as, and by which signal; None if nothing came.

    A note that the reply made nothing of gets neither merit nor blame, with one exception: a note
    for this very question (``similarity``, the cosine of question and trigger, is at least
    :data:`SAME_QUESTION`) was passed over, and the person then said something else than it does.
    """
    judged = _judged(content, after)
    if judged is None:
        return None
    verdict, by = judged
    if verdict == "neutral" or was_used(content, after.reply, after.question):
        return judged
    is_meant = verdict == "harmful" and similarity >= SAME_QUESTION
    if is_meant and says_otherwise(content, _put_right(after, by), after.question):
        return judged
    return "neutral", by


def _put_right(after: Aftermath, by: str) -> str:
    """The words in which the person says what is right; empty where there are none."""
    if by == "correction":
        return after.correction
    is_objection = by == "next_turn" and attitude(after.next_turn) == "objection"
    return after.next_turn if is_objection else ""


def _judged(content: str, after: Aftermath) -> tuple[Verdict, str] | None:
    if after.correction:
        return _by_correction(content, after.correction), "correction"
    if after.thumb > 0:
        return "helpful", "thumb"
    if after.thumb < 0:
        is_about_form = bool(after.reasons) and set(after.reasons) <= ABOUT_FORM
        return ("neutral" if is_about_form else "harmful"), "thumb"
    return (_by_turn(after), "next_turn") if after.next_turn else None


def _by_correction(content: str, correction: str) -> Verdict:
    """Who rewrites a reply and keeps what the note states has nothing against the note."""
    stated = rare_terms(content)
    if not stated:
        return "neutral"
    return "helpful" if stated <= rare_terms(correction) else "harmful"


def _by_turn(after: Aftermath) -> Verdict:
    said = attitude(after.next_turn)
    if said != "none":
        return "helpful" if said == "praise" else "harmful"
    is_again = coverage(after.next_turn, after.question) >= ASKED_AGAIN
    return "harmful" if is_again else "neutral"
