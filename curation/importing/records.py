"""The values that log readers give out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from uno_site.inference.protocol import ChatMessage

SignalKind = Literal["thumb", "comment", "follow_up"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One piece of feedback on a reply.

    ``text`` is "up" or "down" for a ``thumb``, what the user wrote for a ``comment``
    (given beside the conversation) or a ``follow_up`` (a later turn of it).
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
    next_reply
        What the *assistant* answered to the first follow-up: a candidate for a better
        answer, never a user's own.
    label
        The source's own label of the feedback ("positive", "negative", "refine"): often
        a guess, so it is kept beside the signals and not among them.
    language
        As the source names it ("en"), or None.
    extra
        The row's other values (tests, task ids), untouched.
    """

    external_id: str
    messages: tuple[ChatMessage, ...]
    response: str
    feedback: tuple[Signal, ...] = ()
    correction: str | None = None
    next_reply: str | None = None
    label: str | None = None
    source: str = ""
    licence: str = ""
    language: str | None = None
    created_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowError:
    """A line that could not be read, counted from 1, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class LogFormat:
    """How rows of one shape are known and read.

    ``matches`` tells from a row's keys alone; ``parse`` raises
    :class:`~curation.importing.errors.RowInvalid` with the reason.
    """

    name: str
    description: str
    matches: Callable[[Mapping[str, Any]], bool]
    parse: Callable[[Mapping[str, Any]], ImportedLog]
