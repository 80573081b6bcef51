"""Preference pairs as rows of the formats that trainers read; our readers read them back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from uno_site.inference.protocol import ChatMessage

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportPair:
    """(prompt, chosen, rejected); ``messages`` ends with the user's query."""

    id: str
    messages: tuple[ChatMessage, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """How a pair is written: one row, or ``rows_per_pair`` of them."""

    name: str
    title: str
    description: str
    write: Callable[[ExportPair], tuple[Row, ...]]
    rows_per_pair: int = 1


def encode_row(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON, UTF-8."""
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _turns(pair: ExportPair) -> list[Row]:
    return [{"role": turn.role, "content": turn.content} for turn in pair.messages]


def _reply(text: str) -> list[Row]:
    return [{"role": "assistant", "content": text}]


def _trl(pair: ExportPair) -> tuple[Row, ...]:
    answers = {"chosen": _reply(pair.chosen), "rejected": _reply(pair.rejected)}
    return ({"id": pair.id, "prompt": _turns(pair), **answers},)


def _kto(pair: ExportPair) -> tuple[Row, ...]:
    answers = ((pair.chosen, True, "chosen"), (pair.rejected, False, "rejected"))
    return tuple(
        {
            "id": f"{pair.id}/{side}",
            "prompt": _turns(pair),
            "completion": _reply(text),
            "label": label,
        }
        for text, label, side in answers
    )


# OpenAI's validator refuses keys that it does not know, an id among them.
def _openai(pair: ExportPair) -> tuple[Row, ...]:
    return ({"messages": [*_turns(pair), *_reply(pair.chosen)]},)


def _openai_preference(pair: ExportPair) -> tuple[Row, ...]:
    return (
        {
            "input": {"messages": _turns(pair)},
            "preferred_output": _reply(pair.chosen),
            "non_preferred_output": _reply(pair.rejected),
        },
    )


_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def _sharegpt(pair: ExportPair) -> tuple[Row, ...]:
    turns = [*pair.messages, ChatMessage("assistant", pair.chosen)]
    conversations = [{"from": _SPEAKERS[turn.role], "value": turn.content} for turn in turns]
    return ({"id": pair.id, "conversations": conversations},)


_ALL = (
    ExportFormat(
        "trl", "TRL preferences", "Prompt, chosen and rejected; for DPO and its kin.", _trl
    ),
    ExportFormat("kto", "KTO", "Prompt, completion and a label; two rows a pair.", _kto, 2),
    ExportFormat("openai", "OpenAI conversations", "The better answer only.", _openai),
    ExportFormat(
        "openai-preference", "OpenAI preferences", "Input and both answers.", _openai_preference
    ),
    ExportFormat("sharegpt", "ShareGPT", "The better answer only.", _sharegpt),
)
WRITERS: Mapping[str, ExportFormat] = {known.name: known for known in _ALL}
