"""From whole conversations to the logs of single replies (UNO §1), and back to their turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from uno_site.inference.protocol import ChatMessage
from uno_site.interchange.errors import RowInvalid
from uno_site.interchange.records import Dialogue, DialogueTurn, ImportedLog, Signal


def linear_turns(messages: Sequence[ChatMessage], model: str = "") -> tuple[DialogueTurn, ...]:
    """Messages as turns that follow one another, numbered from 1."""
    return tuple(
        DialogueTurn(
            id=str(number),
            parent=str(number - 1) if number > 1 else None,
            role=message.role,
            content=message.content,
            model=model if message.role == "assistant" else "",
        )
        for number, message in enumerate(messages, start=1)
    )


def first_reply_log(dialogue: Dialogue, extra: Mapping[str, Any] | None = None) -> ImportedLog:
    """The first reply is the one that the feedback is about; all later user turns are it.

    A conversation without later turns is a log without feedback. For conversations without
    branches (UNO §1: query, first response, feedback).

    Raises
    ------
    RowInvalid
        There is no reply.
    """
    turns = dialogue.turns
    first = next((n for n, turn in enumerate(turns) if turn.role == "assistant"), None)
    if first is None:
        raise RowInvalid("no assistant's reply in the conversation")
    later = turns[first + 1 :]
    replies = [turn.content for turn in later if turn.role == "assistant"]
    return ImportedLog(
        external_id=dialogue.external_id,
        messages=tuple(ChatMessage(turn.role, turn.content) for turn in turns[:first]),
        response=turns[first].content,
        feedback=tuple(Signal("follow_up", t.content) for t in later if t.role == "user"),
        next_reply=replies[0] if replies else None,
        model=turns[first].model,
        extra=dict(extra or {}),
        **_shared(dialogue),
    )


def reply_logs(dialogue: Dialogue) -> tuple[ImportedLog, ...]:
    """One log for each reply about which something was said; for trees with votes and edits.

    A later turn counts for the reply right above it, so that no turn is feedback twice. Where
    nothing was said about any reply, the first one is a log without feedback.

    Raises
    ------
    RowInvalid
        There is no reply to a user's turn.
    """
    tree = _Tree(dialogue)
    logs = [tree.log(turn) for turn in dialogue.turns if tree.is_reply(turn)]
    if not logs:
        raise RowInvalid("no finished reply to a user's message")
    said = [log for log in logs if log.feedback or log.correction or log.preferred]
    return tuple(said or logs[:1])


def _shared(dialogue: Dialogue) -> dict[str, Any]:
    return {
        "label": dialogue.label,
        "source": dialogue.source,
        "licence": dialogue.licence,
        "language": dialogue.language,
        "created_at": dialogue.created_at,
    }


class _Tree:
    """A dialogue's turns by id and by parent."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.by_id = {turn.id: turn for turn in dialogue.turns}
        self.children: dict[str | None, list[DialogueTurn]] = defaultdict(list)
        for turn in dialogue.turns:
            self.children[turn.parent].append(turn)

    def is_reply(self, turn: DialogueTurn) -> bool:
        above = self.by_id.get(turn.parent or "")
        return turn.role == "assistant" and above is not None and above.role == "user"

    def log(self, turn: DialogueTurn) -> ImportedLog:
        return ImportedLog(
            external_id=f"{self.dialogue.external_id}/{turn.id}",
            messages=self._context(turn),
            response=turn.content if turn.original is None else turn.original,
            feedback=self._feedback(turn),
            correction=None if turn.original is None else turn.content,
            preferred=self._preferred(turn),
            model=turn.model,
            **_shared(self.dialogue),
        )

    def _context(self, turn: DialogueTurn) -> tuple[ChatMessage, ...]:
        path = []
        above = self.by_id.get(turn.parent or "")
        while above is not None:
            path.append(ChatMessage(above.role, above.content))
            above = self.by_id.get(above.parent or "")
        return tuple(path[::-1])

    def _feedback(self, turn: DialogueTurn) -> tuple[Signal, ...]:
        below = [t.content for t in self.children[turn.id] if t.role == "user"]
        return (
            *([Signal("thumb", turn.thumb)] if turn.thumb else []),
            *(Signal("reason", key) for key in turn.reasons),
            *([Signal("comment", turn.comment)] if turn.comment else []),
            *(Signal("follow_up", text) for text in below),
        )

    def _preferred(self, turn: DialogueTurn) -> str | None:
        """A sibling that was liked, where this one was not."""
        if turn.thumb == "up":
            return None
        liked = [
            other.content
            for other in self.children[turn.parent]
            if other.id != turn.id and other.role == "assistant" and other.thumb == "up"
        ]
        return liked[-1] if liked else None
