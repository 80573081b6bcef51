"""OpenAI's fine-tuning files: conversations, and preferences between two answers.

``{"messages": [{"role", "content"}…]}`` and ``{"input": {"messages": […]},
"preferred_output": [one message], "non_preferred_output": [one message]}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uno_site.interchange.dialogues import first_reply_log, linear_turns
from uno_site.interchange.errors import RowInvalid
from uno_site.interchange.fields import (
    pairs_of,
    read_context,
    read_id,
    read_messages,
    read_optional,
    read_reply,
    require,
    type_name,
)
from uno_site.interchange.formats.preferences import preference_log
from uno_site.interchange.records import Dialogue, ImportedLog, LogFormat

_KNOWN_KEYS = frozenset(["id", "messages", "source", "licence", "language"])


def parse_dialogue(row: Mapping[str, Any]) -> Dialogue:
    """One conversation; raises :class:`RowInvalid`."""
    messages = read_messages(require(row, "messages"))
    turns = linear_turns(messages)
    return Dialogue(
        external_id=read_id(row, pairs_of(messages)),
        turns=turns,
        leaf=turns[-1].id,
        source=read_optional(row, "source") or "",
        licence=read_optional(row, "licence") or "",
        language=read_optional(row, "language"),
    )


def parse_conversation(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    """One conversation as a log of its first reply; raises :class:`RowInvalid`."""
    extra = {key: value for key, value in row.items() if key not in _KNOWN_KEYS}
    return (first_reply_log(parse_dialogue(row), extra),)


def parse_preference(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    """One preference as a log of the answer that lost; raises :class:`RowInvalid`."""
    given = require(row, "input")
    if not isinstance(given, Mapping):
        raise RowInvalid(f"'input' is {type_name(given)}, not an object")
    return (
        preference_log(
            row,
            read_context(require(given, "messages"), "'messages'"),
            chosen=read_reply(require(row, "preferred_output"), "'preferred_output'"),
            rejected=read_reply(require(row, "non_preferred_output"), "'non_preferred_output'"),
        ),
    )


OPENAI = LogFormat(
    name="openai",
    title="OpenAI conversations",
    description='{"messages": [{"role", "content"}]}',
    matches=lambda row: "messages" in row and not {"feedback", "history"} & row.keys(),
    parse=parse_conversation,
    parse_dialogue=parse_dialogue,
)
OPENAI_PREFERENCE = LogFormat(
    name="openai-preference",
    title="OpenAI preferences",
    description='{"input": {"messages"}, "preferred_output", "non_preferred_output"}',
    matches=lambda row: {"preferred_output", "non_preferred_output"} <= row.keys(),
    parse=parse_preference,
)
