"""The file format in which conversations leave and come back; no database here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

FORMAT = "uno.conversations"
VERSION = 1

Text = Annotated[str, Field(max_length=200_000)]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time lies outside the years 1 to 9999") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time that a database can keep; near the calendar's ends not every zone's can be."""


class _Part(BaseModel):
    # What a later version adds is left aside.
    model_config = ConfigDict(extra="ignore")


class FeedbackPart(_Part):
    """A verdict on a reply."""

    thumb: Literal[1, -1]
    reasons: list[str] = []
    comment: Annotated[str, Field(max_length=2_000)] = ""


class MessagePart(_Part):
    """One turn; ``parent`` and ``correction_of`` are ids within the conversation."""

    id: UUID
    parent: UUID | None = None
    role: Literal["system", "user", "assistant"]
    origin: Literal["person", "model", "correction", "client"]
    state: Literal["generating", "complete", "stopped", "interrupted", "failed"] = "complete"
    content: Text = ""
    error: Text = ""
    correction_of: UUID | None = None
    created_at: Moment
    sampling: dict[str, Any] = {}
    provenance: dict[str, Any] = {}
    feedback: FeedbackPart | None = None


class ConversationPart(_Part):
    """A conversation with its whole tree; every parent stands before its children."""

    title: Annotated[str, Field(max_length=120)] = ""
    created_at: Moment
    updated_at: Moment
    is_pinned: bool = False
    archived_at: Moment | None = None
    folder: Annotated[str, Field(max_length=60)] | None = None
    system_prompt: Annotated[str, Field(max_length=4_000)] = ""
    sampling: dict[str, int | float] = {}
    leaf: UUID | None = None
    messages: Annotated[list[MessagePart], Field(max_length=10_000)] = []

    @model_validator(mode="after")
    def _is_a_tree(self) -> ConversationPart:
        known: set[UUID] = set()
        for message in self.messages:
            if message.id in known:
                raise ValueError(f"message {message.id} is there twice")
            if message.parent is not None and message.parent not in known:
                raise ValueError(f"the parent of message {message.id} does not stand before it")
            known.add(message.id)
        named = [self.leaf, *(message.correction_of for message in self.messages)]
        if missing := [str(name) for name in named if name is not None and name not in known]:
            raise ValueError(f"message {missing[0]} is named and not there")
        return self


def markdown_of(conversation: ConversationPart, branch: list[MessagePart]) -> str:
    """The shown branch for people to read."""
    titles = {"user": "You", "assistant": "Reply", "system": "System message"}
    parts = [f"# {conversation.title or 'Conversation'}", f"*{conversation.created_at:%Y-%m-%d}*"]
    if conversation.system_prompt:
        parts += ["## System prompt", conversation.system_prompt]
    for message in branch:
        is_correction = message.origin == "correction"
        parts.append(f"## {'Your correction' if is_correction else titles[message.role]}")
        parts.append(message.content or "*(nothing)*")
    return "\n\n".join(parts) + "\n"
