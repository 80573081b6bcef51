"""Notes from the experience store before the model: quoted, with ids, and never as instructions.

A note is a memory of what somebody said; it may be wrong or hostile. It stands inside the
question's own turn, in marks that its text cannot close, and grants nothing.
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
#: A question of up to so many characters is asked once more after the notes.
MAX_REPEATED_CHARS = 400
#: Tokens of the prompt around the notes, the question once more included, and of the notes.
FRAME_TOKENS = 80 + MAX_REPEATED_CHARS // CHARS_PER_TOKEN
ROOM_TOKENS = FRAME_TOKENS + 300
_MARKS = re.compile(r"[<>\u201c\u201d\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Note:
    """One note as a reply was shown it; ``rank`` counts from 1."""

    id: str
    rank: int
    kind: str
    trigger: str
    content: str
    similarity: float
    score: float
    n_tokens: int

    def as_json(self) -> dict[str, Any]:
        """What the reply's provenance keeps: the note by its id, never its text."""
        values = asdict(self)
        return {name: values[name] for name in ("id", "rank", "similarity", "score", "n_tokens")}


Recall = Callable[[str, FloatArray], Awaitable[tuple[Note, ...]]]
"""Finds the notes for a question, given its text and embedding [d]."""


def with_notes(messages: Sequence[ChatMessage], notes: Sequence[Note]) -> tuple[ChatMessage, ...]:
    """The conversation with the notes before its last question; as it was without any."""
    if not notes:
        return tuple(messages)
    lines = "\n".join(f"[note {note.rank}] “{_quoted(note.content)}”" for note in notes)
    question = messages[-1].content
    asked = notes_prompt(question).render(notes=lines, query=question)
    return (*messages[:-1], replace(messages[-1], content=asked[-1].content))


def notes_prompt(question: str) -> Prompt:
    """The prompt for a question with notes."""
    return load_prompt(PROMPT if len(question) <= MAX_REPEATED_CHARS else LONG_PROMPT)


def room_for_notes(messages: Sequence[ChatMessage], notes: Sequence[Note], max_tokens: int) -> bool:
    """Whether conversation, notes and a reply of ``max_tokens`` tokens fit the context."""
    n_notes = FRAME_TOKENS + sum(note.n_tokens for note in notes)
    return room_left(messages, max_tokens=max_tokens) >= n_notes


def _quoted(text: str) -> str:
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
