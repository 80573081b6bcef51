"""Checked access to a row's values; every refusal names the key and what was there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from uno_site.inference.protocol import ChatMessage, ChatRole
from uno_site.interchange.errors import RowInvalid

MAX_TEXT_CHARS = 200_000
"""Longest single text; about 50,000 tokens, more than any reply of a chat."""

ROLES: Mapping[str, ChatRole] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What a database cannot keep: NUL (PostgreSQL) and lone surrogates (UTF-8)."""


def storable(value: Any) -> Any:
    """A JSON value without the characters that a database cannot keep, in texts and keys alike."""
    if isinstance(value, str):
        return UNSTORABLE.sub("", value)
    if isinstance(value, Mapping):
        return {storable(key): storable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [storable(part) for part in value]
    return value


def require(row: Mapping[str, Any], key: str) -> Any:
    """The value of ``key``, which must be there."""
    if key not in row:
        raise RowInvalid(f"key {key!r} is missing")
    return row[key]


def read_text(value: object, name: str) -> str:
    """``value`` as it is, where it is a storable string of at most ``MAX_TEXT_CHARS``."""
    if not isinstance(value, str):
        raise RowInvalid(f"{name} is {type_name(value)}, not a string")
    if len(value) > MAX_TEXT_CHARS:
        raise RowInvalid(f"{name} has {len(value):,} characters; {MAX_TEXT_CHARS:,} is the limit")
    if found := UNSTORABLE.search(value):
        raise RowInvalid(f"{name} holds the unusable character U+{ord(found[0]):04X}")
    return value


def read_filled(value: object, name: str) -> str:
    """Text that is more than whitespace."""
    text = read_text(value, name)
    if not text.strip():
        raise RowInvalid(f"{name} is empty")
    return text


def read_optional(row: Mapping[str, Any], key: str) -> str | None:
    """The text of ``key``; None where it is missing, null or blank."""
    value = row.get(key)
    if value is None:
        return None
    text = read_text(value, repr(key))
    return text if text.strip() else None


def read_messages(
    value: object,
    name: str = "'messages'",
    *,
    keys: tuple[str, str] = ("role", "content"),
    roles: Mapping[str, ChatRole] = ROLES,
) -> tuple[ChatMessage, ...]:
    """A conversation in order: at most one system turn first, then user and assistant in turn.

    ``keys`` are those of a message's role and of its text, ``roles`` the format's own names.
    """
    messages = read_turns(value, name, keys=keys, roles=roles)
    check_order(messages)
    return messages


def read_turns(
    value: object,
    name: str = "'messages'",
    *,
    keys: tuple[str, str] = ("role", "content"),
    roles: Mapping[str, ChatRole] = ROLES,
) -> tuple[ChatMessage, ...]:
    """Messages in whatever order they have; at least one."""
    if not isinstance(value, list):
        raise RowInvalid(f"{name} is {type_name(value)}, not a list")
    if not value:
        raise RowInvalid(f"{name} is empty")
    return tuple(_read_message(item, n, keys, roles) for n, item in enumerate(value, start=1))


def read_context(value: object, name: str) -> tuple[ChatMessage, ...]:
    """A prompt: text, or messages of which the last is the user's."""
    if isinstance(value, str):
        return (ChatMessage("user", read_filled(value, name)),)
    messages = read_messages(value, name)
    if messages[-1].role != "user":
        raise RowInvalid(f"roles out of order: the last message of {name} is not the user's")
    return messages


def read_reply(value: object, name: str) -> str:
    """An answer: text, or a list with one message of the assistant."""
    if isinstance(value, str):
        return read_filled(value, name)
    messages = read_turns(value, name)
    if len(messages) > 1 or messages[0].role != "assistant":
        raise RowInvalid(f"{name} is not one reply of the assistant")
    return messages[0].content


def read_id(row: Mapping[str, Any], content: object, key: str = "id") -> str:
    """The row's own id, or the same hash for the same content."""
    if row.get(key) is not None:
        return read_filled(str(row[key]) if is_number(row[key]) else row[key], repr(key))
    text = json.dumps(content, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def read_time(value: object) -> datetime | None:
    """A time as ISO text or as seconds (or milliseconds) since 1970; None for anything else."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        if is_number(value):
            seconds = float(cast(float, value))
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def pairs_of(messages: Sequence[ChatMessage]) -> list[list[str]]:
    """Messages as the plain values that are hashed."""
    return [[message.role, message.content] for message in messages]


def _read_message(
    item: object, number: int, keys: tuple[str, str], roles: Mapping[str, ChatRole]
) -> ChatMessage:
    if not isinstance(item, Mapping):
        raise RowInvalid(f"message {number} is {type_name(item)}, not an object")
    for key in keys:
        if key not in item:
            raise RowInvalid(f"message {number} has no {key!r}")
    role, content = (item[key] for key in keys)
    if not isinstance(role, str) or role not in roles:
        raise RowInvalid(f"message {number} has the unknown role {role!r}"[:200])
    name = f"the reply (message {number})" if roles[role] == "assistant" else f"message {number}"
    return ChatMessage(roles[role], read_filled(_join_parts(content, number), name))


def _join_parts(content: object, number: int) -> str:
    """OpenAI content: a string, or a list of parts of which only text can be read."""
    if not isinstance(content, list):
        return read_text(content, f"the content of message {number}")
    texts = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else type_name(part)
        if kind != "text" or not isinstance(part, Mapping):
            raise RowInvalid(f"message {number} has a part of type {kind!r}; only text is read")
        texts.append(read_text(part.get("text"), f"a text part of message {number}"))
    return "\n".join(texts)


def check_order(messages: tuple[ChatMessage, ...]) -> None:
    """Refuse anything but a system turn, user and assistant in turn."""
    turns = messages[1:] if messages[0].role == "system" else messages
    first = 1 + len(messages) - len(turns)
    if not turns:
        raise RowInvalid("roles out of order: only a system message")
    for index, message in enumerate(turns):
        expected = "assistant" if index % 2 else "user"
        if message.role != expected:
            raise RowInvalid(
                f"roles out of order: message {first + index} is {message.role!r} "
                f"where {expected!r} is expected"
            )


def type_name(value: object) -> str:
    """JSON's name of a value's type, for messages."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return names.get(type(value), "a number")
