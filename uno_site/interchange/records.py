"""The values that the readers give out: logs of single replies, and whole conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from uno_site.inference.protocol import ChatMessage, ChatRole

SignalKind = Literal["thumb", "reason", "comment", "follow_up"]
Thumb = Literal["up", "down"]
Unit = Literal["line", "item"]
"""What a file's rows are counted in: lines, or items of one JSON array."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One piece of feedback on a reply.

    ``text`` is "up" or "down" for a ``thumb``, a key for a ``reason``, what the user wrote
    for a ``comment`` (given beside the conversation) or a ``follow_up`` (a later turn of it).
    """

    kind: SignalKind
    text: str


@dataclass(frozen=True, slots=True)
class ImportedLog:
    """One reply with the feedback that it got (UNO §1).

    Attributes
    ----------
    external_id
        The row's own id, or a hash of its content where it has none: the same row
        always has the same id.
    messages
        The conversation before the reply; the last turn is the user's.
    response
        The reply that the feedback is about, as it was given.
    feedback
        The signals in the order in which they were given; may be empty.
    correction
        What a person wrote in place of ``response``.
    preferred
        Another reply to the same question that was preferred to ``response``.
    next_reply
        What the *assistant* answered to the first follow-up: a candidate for a better
        answer, never a user's own.
    label
        The source's own label of the feedback ("positive", "negative", "refine"): often
        a guess, so it is kept beside the signals and not among them.
    language
        As the source names it ("en"), or None.
    model
        The model that wrote ``response``, as the source names it.
    extra
        The row's other values (tests, task ids), untouched.
    """

    external_id: str
    messages: tuple[ChatMessage, ...]
    response: str
    feedback: tuple[Signal, ...] = ()
    correction: str | None = None
    preferred: str | None = None
    next_reply: str | None = None
    label: str | None = None
    source: str = ""
    licence: str = ""
    language: str | None = None
    model: str = ""
    created_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DialogueTurn:
    """One turn of a conversation; ``parent`` names the turn before it (None: it is the first).

    ``original`` is what a reply said before a person edited it into ``content``.
    """

    id: str
    parent: str | None
    role: ChatRole
    content: str
    original: str | None = None
    thumb: Thumb | None = None
    reasons: tuple[str, ...] = ()
    comment: str = ""
    model: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A whole conversation: a tree of turns, parents before their children.

    ``leaf`` is the id of the turn at which the shown branch ends.
    """

    external_id: str
    turns: tuple[DialogueTurn, ...]
    leaf: str
    title: str = ""
    label: str | None = None
    source: str = ""
    licence: str = ""
    language: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that could not be read, counted from 1, and why."""

    line: int
    reason: str
    unit: Unit = "line"

    def __str__(self) -> str:
        return f"{self.unit} {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class LogFormat:
    """How rows of one shape are known and read.

    ``matches`` tells from a row's keys alone; ``parse`` gives the logs of a row (one, or one
    for each reply that was said something about), ``parse_dialogue`` its conversation. Both
    raise :class:`~uno_site.interchange.errors.RowInvalid` with the reason. A format without
    ``parse_dialogue`` holds no conversations but single answers.
    """

    name: str
    title: str
    description: str
    matches: Callable[[Mapping[str, Any]], bool]
    parse: Callable[[Mapping[str, Any]], tuple[ImportedLog, ...]]
    parse_dialogue: Callable[[Mapping[str, Any]], Dialogue] | None = None
