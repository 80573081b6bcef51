"""OpenAI messages: ``{"messages": [{"role", "content"}…]}``, one conversation a line.

The first reply is the one that the feedback is about; all later user turns are its
feedback, in order (UNO §1). A conversation without later turns is a log without feedback.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from curation.importing.errors import RowInvalid
from curation.importing.fields import read_filled, read_messages, read_optional, require
from curation.importing.records import ImportedLog, LogFormat, Signal
from uno_site.inference.protocol import ChatMessage

_KNOWN_KEYS = frozenset(["id", "messages", "source", "licence", "language"])


def parse_openai(row: Mapping[str, Any]) -> ImportedLog:
    """One conversation as a log of its first reply; raises :class:`RowInvalid`."""
    messages = read_messages(require(row, "messages"))
    roles = [message.role for message in messages]
    if "assistant" not in roles:
        raise RowInvalid("no assistant's reply in 'messages'")
    first = roles.index("assistant")
    later = messages[first + 1 :]
    replies = [message.content for message in later if message.role == "assistant"]
    return ImportedLog(
        external_id=_read_id(row, messages),
        messages=messages[:first],
        response=messages[first].content,
        feedback=tuple(Signal("follow_up", m.content) for m in later if m.role == "user"),
        next_reply=replies[0] if replies else None,
        source=read_optional(row, "source") or "",
        licence=read_optional(row, "licence") or "",
        language=read_optional(row, "language"),
        extra={key: value for key, value in row.items() if key not in _KNOWN_KEYS},
    )


def _read_id(row: Mapping[str, Any], messages: Sequence[ChatMessage]) -> str:
    """The row's own id, or the same hash for the same conversation."""
    if row.get("id") is not None:
        return read_filled(row["id"], "'id'")
    turns = json.dumps([[m.role, m.content] for m in messages], ensure_ascii=False)
    return "sha256:" + hashlib.sha256(turns.encode()).hexdigest()


OPENAI = LogFormat(
    name="openai",
    description='OpenAI conversations: {"messages": [{"role", "content"}]}',
    matches=lambda row: "messages" in row and "feedback" not in row,
    parse=parse_openai,
)
