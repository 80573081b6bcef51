"""Notes from the experience store before the model: quoted, with ids, and never as instructions.

A note is a memory of what somebody said; it may be wrong or hostile. It stands inside the
question's own turn, in marks that its text cannot close, and grants nothing. Only what the very
person who asks has wished for before is said as they would say it, after their question: they
may write that there anyway.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from chat.history import CHARS_PER_TOKEN, room_left
from uno_site.inference.protocol import ChatMessage, FloatArray
from uno_site.prompts.loader import Prompt, load_prompt

logger = logging.getLogger(__name__)

PROMPT, LONG_PROMPT = "experience/answer", "experience/answer_long"
WISHES_PROMPT = "experience/wishes"
#: Kinds of notes that say how to answer, and not what is so.
WISHES = frozenset({"preference", "rule"})
#: A question of up to so many characters is asked once more after the notes.
MAX_REPEATED_CHARS = 400
#: Tokens of the prompt around the notes, the question once more included, and of the notes.
FRAME_TOKENS = 80 + MAX_REPEATED_CHARS // CHARS_PER_TOKEN
ROOM_TOKENS = FRAME_TOKENS + 300
_MARKS = re.compile(r"[<>\u201c\u201d\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Note:
    """One note as a reply was shown it; ``rank`` counts from 1. ``is_own`` where the one who asks
    is the only one who said it."""

    id: str
    rank: int
    kind: str
    trigger: str
    content: str
    similarity: float
    score: float
    n_tokens: int
    is_own: bool = False

    @property
    def is_wish(self) -> bool:
        """Whether it says how the one who asks would like to be answered."""
        return self.is_own and self.kind in WISHES

    def as_json(self) -> dict[str, Any]:
        """What the reply's provenance keeps: the note by its id, never its text."""
        values = asdict(self)
        return {name: values[name] for name in ("id", "rank", "similarity", "score", "n_tokens")}


Recall = Callable[[str, FloatArray], Awaitable[tuple[Note, ...]]]
"""Finds the notes for a question, given its text and embedding [d]."""


def with_notes(messages: Sequence[ChatMessage], notes: Sequence[Note]) -> tuple[ChatMessage, ...]:
    """The conversation with the notes at its last question; as it was without any."""
    if not notes:
        return tuple(messages)
    last = messages[-1]
    lines = "\n".join(
        f"[note {note.rank}] “{_one_line(note.content)}”" for note in notes if not note.is_wish
    )
    wishes = " ".join(_one_line(note.content) for note in notes if note.is_wish)
    asked = last.content
    for prompt in notes_prompts(last.content, notes):
        values = {"notes": lines, "query": asked, "wishes": wishes}
        needed = {name: values[name] for name in prompt.variables}
        asked = prompt.render(**needed)[-1].content
    return (*messages[:-1], replace(last, content=asked))


def notes_prompts(question: str, notes: Sequence[Note]) -> list[Prompt]:
    """The prompts that put notes to a question, one around the other: quoted ones first, then what
    the one who asks has wished for before."""
    names = []
    if any(not note.is_wish for note in notes):
        names.append(PROMPT if len(question) <= MAX_REPEATED_CHARS else LONG_PROMPT)
    if any(note.is_wish for note in notes):
        names.append(WISHES_PROMPT)
    return [load_prompt(name) for name in names]


def room_for_notes(messages: Sequence[ChatMessage], notes: Sequence[Note], max_tokens: int) -> bool:
    """Whether conversation, notes and a reply of ``max_tokens`` tokens fit the context."""
    n_notes = FRAME_TOKENS + sum(note.n_tokens for note in notes)
    return room_left(messages, max_tokens=max_tokens) >= n_notes


def _one_line(text: str) -> str:
    """The text on one line, without what could end its quotation."""
    return " ".join(_MARKS.sub(" ", text).split())


async def recalled(
    recall: Recall | None, question: str, embedding: FloatArray
) -> tuple[tuple[Note, ...], str]:
    """The notes for a question, and why there are none where finding them failed.

    A reply comes without notes rather than not at all.
    """
    if recall is None:
        return (), ""
    try:
        return await recall(question, embedding), ""
    except Exception as error:
        logger.exception("The notes for a reply could not be found")
        return (), f"The notes could not be read ({type(error).__name__})."
