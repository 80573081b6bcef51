"""The shape of the rows that a run learns from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import DataInvalid

ANSWER_KEYS = {
    "expert": ("chosen", "rejected"),
    "critic": ("completion",),
    "hindsight": ("reply", "follow_up"),
    "sft": ("chosen", "rejected"),
    "dpo": ("chosen", "rejected"),
    "ensemble": ("chosen", "rejected"),
    "cost": ("chosen", "rejected"),
}
#: Why an interaction teaches nothing: the user was content, or spoke of something else.
MASKS = ("", "satisfied", "irrelevant")


def check_rows(rows: Iterable[Mapping[str, Any]], kind: str, source: str) -> None:
    """Refuse rows that do not have the shape of their kind.

    Raises
    ------
    DataInvalid
        Naming the file and the line of the first bad row.
    """
    for line, row in enumerate(rows, start=1):
        reason = _fault(row, ANSWER_KEYS[kind]) or (_cost_fault(row) if kind == "cost" else "")
        if reason:
            raise DataInvalid(
                f"{source}, line {line}: {reason}.", remedy="Make the run folder anew."
            )


def _fault(row: Mapping[str, Any], answer_keys: Sequence[str]) -> str:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        return "no messages"
    for turn in messages:
        if not isinstance(turn, dict) or not isinstance(turn.get("content"), str):
            return "a message without text"
        if turn.get("role") not in ("system", "user", "assistant"):
            return f"a message with the role {turn.get('role')!r}"
    if messages[-1]["role"] != "user":
        return "the last message is not the user's"
    for key in answer_keys:
        if not isinstance(row.get(key), str) or not row[key].strip():
            return f"no text under {key!r}"
    if "follow_up" in answer_keys and (fault := _interaction_fault(row)):
        return fault
    return "" if isinstance(row.get("id"), str) else "no id"


def _interaction_fault(row: Mapping[str, Any]) -> str:
    """``mask`` and ``reply_ids`` may be left out; ``reply_ids`` are the exact sampled tokens."""
    if row.get("mask", "") not in MASKS:
        return f"the mask {row['mask']!r}"
    ids = row.get("reply_ids") or []
    is_ids = isinstance(ids, list) and all(type(token) is int and token >= 0 for token in ids)
    return "" if is_ids else "reply_ids that are no token ids"


def _cost_fault(row: Mapping[str, Any]) -> str:
    cost = row.get("cost")
    is_number = isinstance(cost, int | float) and not isinstance(cost, bool)
    is_fit = is_number and 0 <= float(cost or 0) < float("inf")
    return "" if is_fit else f"the cost {cost!r}"
