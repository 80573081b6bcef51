"""TRL's preference and KTO rows, and what all preference formats have in common.

``{prompt, chosen, rejected}`` and ``{prompt, completion, label}``, each part text or messages;
a preference may leave the prompt out where both sides begin with it (as HH-RLHF's transcripts do).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from uno_site.inference.protocol import ChatMessage, ChatRole
from uno_site.interchange.errors import RowInvalid
from uno_site.interchange.fields import (
    check_order,
    pairs_of,
    read_context,
    read_filled,
    read_id,
    read_optional,
    read_reply,
    read_turns,
    require,
    type_name,
)
from uno_site.interchange.records import ImportedLog, LogFormat, Signal

Messages = tuple[ChatMessage, ...]

_SPEAKERS: Mapping[str, ChatRole] = {"Human": "user", "Assistant": "assistant"}
_TRANSCRIPT = re.compile(r"\n\n(Human|Assistant): ?")


def preference_log(
    row: Mapping[str, Any], messages: Messages, *, chosen: str, rejected: str
) -> ImportedLog:
    """The log of the answer that lost, with the one that was preferred to it."""
    if chosen == rejected:
        raise RowInvalid("both answers are the same; nothing is preferred")
    return ImportedLog(
        external_id=read_id(row, [pairs_of(messages), chosen, rejected]),
        messages=messages,
        response=rejected,
        preferred=chosen,
        source=read_optional(row, "source") or "",
        licence=read_optional(row, "licence") or "",
        language=read_optional(row, "language"),
    )


def parse_trl(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    """One preference; raises :class:`RowInvalid`."""
    chosen, rejected = require(row, "chosen"), require(row, "rejected")
    if row.get("prompt") is None or (isinstance(chosen, list) and len(chosen) > 1):
        messages, better, worse = _split_common(chosen, rejected)
    else:
        messages = read_context(row["prompt"], "'prompt'")
        better, worse = read_reply(chosen, "'chosen'"), read_reply(rejected, "'rejected'")
    return (preference_log(row, messages, chosen=better, rejected=worse),)


def parse_kto(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    """One answer with a thumb; raises :class:`RowInvalid`."""
    messages = read_context(require(row, "prompt"), "'prompt'")
    completion = read_reply(require(row, "completion"), "'completion'")
    label = require(row, "label")
    if not isinstance(label, bool):
        raise RowInvalid(f"'label' is {type_name(label)}, not true or false")
    return (
        ImportedLog(
            external_id=read_id(row, [pairs_of(messages), completion, label]),
            messages=messages,
            response=completion,
            feedback=(Signal("thumb", "up" if label else "down"),),
            source=read_optional(row, "source") or "",
            licence=read_optional(row, "licence") or "",
            language=read_optional(row, "language"),
        ),
    )


def _split_common(chosen: object, rejected: object) -> tuple[Messages, str, str]:
    """The prompt that both sides begin with, and each side's reply to it."""
    better, worse = _read_side(chosen, "'chosen'"), _read_side(rejected, "'rejected'")
    if better[:-1] != worse[:-1]:
        raise RowInvalid("'chosen' and 'rejected' differ before their last message")
    check_order(better)
    if better[-1].role != "assistant" or worse[-1].role != "assistant" or len(better) < 2:
        raise RowInvalid("'chosen' and 'rejected' do not end with the assistant's reply")
    return better[:-1], better[-1].content, worse[-1].content


def _read_side(value: object, name: str) -> Messages:
    if isinstance(value, str):
        return _read_transcript(value, name)
    return read_turns(value, name)


def _read_transcript(value: str, name: str) -> Messages:
    parts = _TRANSCRIPT.split(read_filled(value, name))
    if len(parts) < 3 or parts[0].strip():
        raise RowInvalid(f"key 'prompt' is missing, and {name} is no transcript")
    turns = zip(parts[1::2], parts[2::2], strict=True)
    return tuple(
        ChatMessage(_SPEAKERS[speaker], read_filled(text.strip(), f"a turn of {name}"))
        for speaker, text in turns
    )


TRL = LogFormat(
    name="trl",
    title="TRL preferences",
    description='{"prompt", "chosen", "rejected"}, text or messages',
    matches=lambda row: {"chosen", "rejected"} <= row.keys(),
    parse=parse_trl,
)
KTO = LogFormat(
    name="kto",
    title="KTO",
    description='{"prompt", "completion", "label"}, text or messages',
    matches=lambda row: {"prompt", "completion", "label"} <= row.keys(),
    parse=parse_kto,
)
