"""Rows of UNO's own ``seed`` shape.

``{id, source, licence, kind, label, messages: [{role, content}…] ending with the
assistant's reply, feedback, revised (or null)}``; other keys are kept as ``extra``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uno_site.interchange.errors import RowInvalid
from uno_site.interchange.fields import read_filled, read_messages, read_optional, require
from uno_site.interchange.records import ImportedLog, LogFormat, Signal, SignalKind

# "natural": the next user turn of a conversation, so that ``revised`` is the assistant's
# next reply. "written_feedback": an annotator's comment, and ``revised`` is a person's rewrite.
SIGNAL_OF_KIND: Mapping[str, SignalKind] = {
    "natural": "follow_up",
    "written_feedback": "comment",
}
_KNOWN_KEYS = frozenset(
    ["id", "source", "licence", "kind", "label", "messages", "feedback", "revised", "language"]
)


def parse_seed(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    """One row as a log; raises :class:`RowInvalid`."""
    external_id = read_filled(require(row, "id"), "'id'")
    messages = read_messages(require(row, "messages"))
    if len(messages) < 2 or messages[-1].role != "assistant":
        raise RowInvalid("roles out of order: the last message is not the assistant's reply")
    kind = _read_kind(row)
    revised = read_optional(row, "revised")
    is_rewrite = kind == "comment"
    log = ImportedLog(
        external_id=external_id,
        messages=messages[:-1],
        response=messages[-1].content,
        feedback=(Signal(kind, read_filled(require(row, "feedback"), "'feedback'")),),
        correction=revised if is_rewrite else None,
        next_reply=None if is_rewrite else revised,
        label=read_optional(row, "label"),
        source=read_optional(row, "source") or "",
        licence=read_optional(row, "licence") or "",
        language=read_optional(row, "language"),
        extra={key: value for key, value in row.items() if key not in _KNOWN_KEYS},
    )
    return (log,)


def _read_kind(row: Mapping[str, Any]) -> SignalKind:
    kind = require(row, "kind")
    if not isinstance(kind, str) or kind not in SIGNAL_OF_KIND:
        known = ", ".join(SIGNAL_OF_KIND)
        raise RowInvalid(f"'kind' is {kind!r}; known are {known}")
    return SIGNAL_OF_KIND[kind]


SEED = LogFormat(
    name="seed",
    title="UNO seed rows",
    description='{"id", "kind", "messages", "feedback", "revised"}',
    matches=lambda row: {"messages", "feedback"} <= row.keys(),
    parse=parse_seed,
)
