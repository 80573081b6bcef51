"""Rows of MemoryBench's shape (arXiv 2510.17281; hub data set THUIR/MemoryBench).

The fields relied on, as the data set's card and loader have them:

==================== ===========================================================================
``test_idx``         whole number, unique within its data set, train and test together
``dataset_name``     which of the benchmark's data sets
``lang``             ``en`` or ``zh``
``input_prompt``     the user's input; or ``input_chat_messages``, a list of ``{role, content}``
``info``             what the benchmark's own scorer needs (kept, not read)
``dialog``           list of ``{role, content}``: Qwen3-8B with a simulated user (train)
``implicit_feedback``  list of ``{round, implicit_action, terminated}``; actions are ``like``,
                     ``dislike``, ``copy``, ``none``; round 1 is about the first reply
==================== ===========================================================================

``dialog``, ``implicit_feedback``, ``input_chat_messages`` and ``info`` come as lists or as text
in Python's or JSON's notation. ``split`` ("train" or "test") is ours: the hub keeps the splits
in two folders.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

from training.evaluation.sets.protocol import Dialogue, Item
from uno_site.inference.protocol import ChatMessage
from uno_site.interchange.errors import RowInvalid
from uno_site.interchange.fields import read_filled, read_messages, require, type_name

SPLITS = ("train", "test")
THUMBS: Mapping[str, int] = {"like": 1, "dislike": -1, "copy": 0, "none": 0}
SIMULATED_USER = "memorybench"


def parse_row(row: Mapping[str, Any]) -> Dialogue | Item:
    """A training row as a dialogue, a test row as a held-out prompt.

    Raises
    ------
    RowInvalid
        With the reason, the field's name in it.
    """
    split = require(row, "split")
    if split not in SPLITS:
        raise RowInvalid(f"'split' is {split!r}; known are train, test")
    return _dialogue(row) if split == "train" else _item(row)


def row_id(row: Mapping[str, Any]) -> str:
    """``DATASET#test_idx``, under which the benchmark's scorer finds the row again."""
    index = require(row, "test_idx")
    if isinstance(index, bool) or not isinstance(index, int):
        raise RowInvalid(f"'test_idx' is {type_name(index)}, not a whole number")
    return f"{read_filled(require(row, 'dataset_name'), repr('dataset_name'))}#{index}"


def _item(row: Mapping[str, Any]) -> Item:
    return Item(
        id=row_id(row),
        messages=_input(row),
        topic=row["dataset_name"],
        facts={"lang": _language(row), "info": _unpack(require(row, "info"), "info")},
    )


def _dialogue(row: Mapping[str, Any]) -> Dialogue:
    name = row_id(row)
    _language(row)
    turns = _messages(_unpack(_require_dialog(row), "dialog"), "dialog")
    first = next((n for n, turn in enumerate(turns) if turn.role == "assistant"), None)
    if first is None:
        raise RowInvalid("'dialog' has no reply of the assistant")
    return Dialogue(
        id=name,
        user=SIMULATED_USER,
        messages=turns[:first],
        reply=turns[first].content,
        follow_ups=tuple(turn.content for turn in turns[first:] if turn.role == "user"),
        thumb=_thumb(row),
        truth=str(row["dataset_name"]),
    )


def _require_dialog(row: Mapping[str, Any]) -> Any:
    if "dialog" not in row and any(key.startswith("dialog_") for key in row):
        raise RowInvalid(
            "no 'dialog', only those of memory systems: data sets with a corpus (LoCoMo, "
            "DialSim) are not read"
        )
    return require(row, "dialog")


def _input(row: Mapping[str, Any]) -> tuple[ChatMessage, ...]:
    if row.get("input_prompt"):
        return (ChatMessage("user", read_filled(row["input_prompt"], "'input_prompt'")),)
    if not row.get("input_chat_messages"):
        raise RowInvalid("neither 'input_prompt' nor 'input_chat_messages'")
    turns = _messages(_unpack(row["input_chat_messages"], "input_chat_messages"), "input")
    if turns[-1].role != "user":
        raise RowInvalid("'input_chat_messages' does not end with the user")
    return turns


def _language(row: Mapping[str, Any]) -> str:
    return read_filled(require(row, "lang"), "'lang'")


def _messages(value: Any, name: str) -> tuple[ChatMessage, ...]:
    try:
        return read_messages(value)
    except RowInvalid as error:
        raise RowInvalid(f"{name!r}: {error}") from error


def _thumb(row: Mapping[str, Any]) -> int:
    """What the simulated user clicked about the first reply."""
    actions = _unpack(row.get("implicit_feedback") or [], "implicit_feedback")
    if not isinstance(actions, Sequence) or isinstance(actions, str):
        raise RowInvalid(f"'implicit_feedback' is {type_name(actions)}, not a list")
    for action in actions:
        if not isinstance(action, Mapping) or action.get("implicit_action") not in THUMBS:
            raise RowInvalid(f"'implicit_feedback' has the unknown action {action!r:.80}")
        if action.get("round") == 1:
            return THUMBS[action["implicit_action"]]
    return 0


def _unpack(value: Any, name: str) -> Any:
    """A value that may have been stored as text; text that is no notation is refused."""
    if not isinstance(value, str):
        return value
    for read in (ast.literal_eval, json.loads):
        try:
            return read(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    raise RowInvalid(f"{name!r} is text that is neither Python's nor JSON's notation")
