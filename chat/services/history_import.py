"""A person's conversations from elsewhere become their own here; none comes twice.

Replies are kept as sent along by a client, not as this model's: they are read and gone on
from, but are no training material. A reply that was edited keeps both texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from chat.models import Conversation, Feedback, Message, MessageOrigin, MessageRole, Reason
from chat.services.api_log import path_hashes
from chat.services.conversations import MAX_TITLE_CHARS, title_from
from chat.services.limits import MAX_COMMENT_CHARS
from uno_site.inference.protocol import ChatMessage
from uno_site.interchange import Dialogue, DialogueTurn, RowError, read_dialogues

MAX_HISTORY_BYTES = 32 * 2**20
"""Largest file: it is read while its person waits."""
MAX_UNPACKED_BYTES = 128 * 2**20
MAX_CONVERSATIONS = 5_000
"""Rows of one file; its person is told where there are more."""
MAX_ERRORS_KEPT = 50
N_SHOWN = 8
THUMBS = {"up": 1, "down": -1}


@dataclass(slots=True)
class HistoryReport:
    """What a file holds for its person: every row is in exactly one of the counts."""

    format: str
    n_new: int = 0
    n_known: int = 0
    n_bad: int = 0
    is_whole: bool = True
    first: list[Dialogue] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def add(self, item: Dialogue | RowError, *, is_known: bool) -> None:
        """Count one row."""
        if isinstance(item, RowError):
            self.n_bad += 1
            self.errors += [item][: MAX_ERRORS_KEPT - len(self.errors)]
        elif is_known:
            self.n_known += 1
        else:
            self.n_new += 1
            self.first += [item][: N_SHOWN - len(self.first)]


def history_preview(*, user: Any, path: Path) -> HistoryReport:
    """What :func:`history_import` would do; nothing is kept.

    Raises
    ------
    LogFileUnreadable
        Nothing of the file could be read as conversations.
    """
    return _read(user, path, lambda dialogue, key: None)


def history_import(*, user: Any, path: Path) -> HistoryReport:
    """Make a person's conversations of a file; those that they have already stay single.

    Raises
    ------
    LogFileUnreadable
        Nothing of the file could be read as conversations.
    """
    return _read(user, path, lambda dialogue, key: _keep(user, dialogue, key))


def _read(user: Any, path: Path, keep: Any) -> HistoryReport:
    reader = read_dialogues(path, stop_after=MAX_UNPACKED_BYTES)
    report, seen = HistoryReport(reader.format.title), set()
    for item in islice(reader, MAX_CONVERSATIONS):
        key = "" if isinstance(item, RowError) else _hashes(item)[item.leaf]
        is_known = bool(key) and (key in seen or _has(user, key))
        if isinstance(item, Dialogue) and not is_known:
            seen.add(key)
            keep(item, key)
        report.add(item, is_known=is_known)
    report.is_whole = next(reader, None) is None
    return report


def _has(user: Any, key: str) -> bool:
    return Message.objects.visible_to(user).filter(path_hash=key).exists()


def _hashes(dialogue: Dialogue) -> dict[str, str]:
    """For each turn, what stands for it and all turns above it."""
    hashes: dict[str, str] = {}
    for turn in dialogue.turns:
        message = ChatMessage(turn.role, turn.content)
        hashes[turn.id] = path_hashes([message], hashes.get(turn.parent or "", ""))[0]
    return hashes


@transaction.atomic
def _keep(user: Any, dialogue: Dialogue, key: str) -> None:
    first = next((t for t in dialogue.turns if t.role == "user"), dialogue.turns[0])
    title = " ".join(dialogue.title.split())[:MAX_TITLE_CHARS] or title_from(first.content)
    conversation = Conversation.objects.create(user=user, title=title)
    hashes = _hashes(dialogue)
    made: dict[str, Message] = {}
    rows: list[Message] = []
    for turn in dialogue.turns:
        own = list(_messages(conversation, turn, made.get(turn.parent or ""), hashes[turn.id]))
        rows += own
        made[turn.id] = own[-1]
    Message.objects.bulk_create(rows)
    Feedback.objects.bulk_create(_votes(user, dialogue.turns, made))
    _finish(conversation, made[dialogue.leaf], dialogue)


def _messages(
    conversation: Conversation, turn: DialogueTurn, parent: Message | None, path_hash: str
) -> Iterator[Message]:
    """The turn's row; for an edited reply, the reply as it was and then its correction."""
    shared = {"conversation": conversation, "parent": parent, "role": turn.role}
    is_reply = turn.role == MessageRole.ASSISTANT
    origin = MessageOrigin.CLIENT if is_reply else MessageOrigin.PERSON
    before = None
    if turn.original is not None:
        before = Message(**shared, origin=origin, content=turn.original)
        origin = MessageOrigin.CORRECTION
        yield before
    yield Message(
        **shared, origin=origin, content=turn.content, correction_of=before, path_hash=path_hash
    )


def _votes(
    user: Any, turns: Iterable[DialogueTurn], made: dict[str, Message]
) -> Iterator[Feedback]:
    for turn in turns:
        if turn.thumb and turn.role == MessageRole.ASSISTANT:
            message = made[turn.id].correction_of or made[turn.id]
            yield Feedback(
                message=message,
                user=user,
                thumb=THUMBS[turn.thumb],
                reasons=[key for key in turn.reasons if key in Reason.values],
                comment=turn.comment[:MAX_COMMENT_CHARS],
            )


def _finish(conversation: Conversation, leaf: Message, dialogue: Dialogue) -> None:
    """Show the branch that was shown, and keep the time when it was talked."""
    times = {}
    if dialogue.created_at is not None:
        times = {"created_at": dialogue.created_at, "updated_at": dialogue.created_at}
    Conversation.objects.filter(pk=conversation.pk).update(leaf=leaf, **times)
