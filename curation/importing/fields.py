"""Checked access to a row's values; every refusal names the key and what was there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from curation.importing.errors import RowInvalid
from uno_site.inference.protocol import ChatMessage, ChatRole

MAX_TEXT_CHARS = 200_000
"""Longest single text; about 50,000 tokens, more than any reply of a chat."""

ROLES: Mapping[str, ChatRole] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

# What a database cannot keep: NUL (PostgreSQL) and lone surrogates (UTF-8).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


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
    if found := _UNSTORABLE.search(value):
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


def read_messages(value: object) -> tuple[ChatMessage, ...]:
    """A conversation in order: at most one system turn first, then user and assistant in turn."""
    if not isinstance(value, list):
        raise RowInvalid(f"'messages' is {type_name(value)}, not a list")
    if not value:
        raise RowInvalid("'messages' is empty")
    messages = tuple(_read_message(item, n) for n, item in enumerate(value, start=1))
    _check_order(messages)
    return messages


def _read_message(item: object, number: int) -> ChatMessage:
    if not isinstance(item, Mapping):
        raise RowInvalid(f"message {number} is {type_name(item)}, not an object")
    for key in ("role", "content"):
        if key not in item:
            raise RowInvalid(f"message {number} has no {key!r}")
    role = item["role"]
    if not isinstance(role, str) or role not in ROLES:
        raise RowInvalid(f"message {number} has the unknown role {role!r}")
    name = f"the reply (message {number})" if role == "assistant" else f"message {number}"
    return ChatMessage(ROLES[role], read_filled(_join_parts(item["content"], number), name))


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


def _check_order(messages: tuple[ChatMessage, ...]) -> None:
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
