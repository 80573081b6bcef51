"""ShareGPT and WildChat: conversations without branches, under other names.

``{"conversations": [{"from": "human|gpt|system", "value"}…]}`` and ``{conversation_hash, model,
timestamp, conversation: [{role, content, toxic, …}], language, …}``. Of WildChat's rows, the
addresses, headers and places of people are never read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from uno_site.inference.protocol import ChatMessage, ChatRole
from uno_site.interchange.dialogues import first_reply_log, linear_turns
from uno_site.interchange.fields import (
    pairs_of,
    read_id,
    read_messages,
    read_optional,
    read_time,
    require,
)
from uno_site.interchange.records import Dialogue, ImportedLog, LogFormat

SHAREGPT_ROLES: Mapping[str, ChatRole] = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
}
TOXIC = "toxic"
"""Label of a WildChat conversation in which a moderation model flagged a turn."""


def parse_sharegpt(row: Mapping[str, Any]) -> Dialogue:
    """One conversation; raises :class:`RowInvalid`."""
    messages = read_messages(
        require(row, "conversations"),
        "'conversations'",
        keys=("from", "value"),
        roles=SHAREGPT_ROLES,
    )
    return _dialogue(row, read_id(row, pairs_of(messages)), messages)


def parse_wildchat(row: Mapping[str, Any]) -> Dialogue:
    """One conversation; raises :class:`RowInvalid`."""
    conversation = require(row, "conversation")
    messages = read_messages(conversation, "'conversation'")
    key = "conversation_hash" if row.get("conversation_hash") else "conversation_id"
    is_toxic = any(turn.get("toxic") is True for turn in conversation)
    return _dialogue(row, read_id(row, pairs_of(messages), key), messages, is_toxic=is_toxic)


def _dialogue(
    row: Mapping[str, Any], key: str, messages: Sequence[ChatMessage], *, is_toxic: bool = False
) -> Dialogue:
    turns = linear_turns(messages, read_optional(row, "model") or "")
    return Dialogue(
        external_id=key,
        turns=turns,
        leaf=turns[-1].id,
        title=read_optional(row, "title") or "",
        label=TOXIC if is_toxic or row.get("toxic") is True else None,
        source=read_optional(row, "source") or "",
        licence=read_optional(row, "licence") or "",
        language=read_optional(row, "language"),
        created_at=read_time(row.get("timestamp")),
    )


def _sharegpt_logs(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    return (first_reply_log(parse_sharegpt(row)),)


def _wildchat_logs(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    return (first_reply_log(parse_wildchat(row)),)


SHAREGPT = LogFormat(
    name="sharegpt",
    title="ShareGPT",
    description='{"conversations": [{"from", "value"}]}',
    matches=lambda row: "conversations" in row,
    parse=_sharegpt_logs,
    parse_dialogue=parse_sharegpt,
)
WILDCHAT = LogFormat(
    name="wildchat",
    title="WildChat",
    description='{"conversation_hash", "model", "conversation": [{"role", "content"}]}',
    matches=lambda row: "conversation" in row,
    parse=_wildchat_logs,
    parse_dialogue=parse_wildchat,
)
