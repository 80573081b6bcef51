"""A log entry's parts as the prompts and the engine want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curation.models import LogEntry
from uno_site.inference.protocol import ChatMessage

SPOKEN_KINDS = frozenset(["comment", "follow_up"])
"""Kinds of feedback whose text the user wrote; thumbs and reasons are keys."""


def to_chat(messages: Sequence[Mapping[str, Any]]) -> tuple[ChatMessage, ...]:
    """Stored messages as the engine wants them."""
    return tuple(ChatMessage(turn["role"], turn["content"]) for turn in messages)


def entry_messages(entry: LogEntry) -> tuple[ChatMessage, ...]:
    """The context that ends with the user's query."""
    return to_chat(entry.messages)


def spoken_feedback(entry: LogEntry) -> list[str]:
    """What the user wrote about the reply, in order."""
    return [item["text"] for item in entry.feedback if item["kind"] in SPOKEN_KINDS]


def reason_keys(entry: LogEntry) -> list[str]:
    """The reason chips that the user chose (keys of :class:`chat.models.Reason`)."""
    return [item["text"] for item in entry.feedback if item["kind"] == "reason"]


def numbered_feedback(entry: LogEntry) -> str:
    """``Feedback i: …`` lines, as the paper's prompts show feedback (UNO §1)."""
    spoken = [*spoken_feedback(entry), *(key.replace("_", " ") for key in reason_keys(entry))]
    return "\n".join(f"Feedback {number}: {text}" for number, text in enumerate(spoken, start=1))


def numbered_rules(rules: Sequence[str]) -> str:
    """Rules as numbered lines."""
    return "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, start=1))
