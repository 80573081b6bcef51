"""What a person changed in a text, word by word, for the screens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cydifflib import SequenceMatcher

WORDS = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)
LINES = re.compile(r"[^\n]*\n|[^\n]+\Z")
MAX_WORDS = 3_000
"""Longer texts are compared line by line: the comparison grows with the square."""
MIN_KEPT = 0.35
"""Where less of both texts is kept (of their characters, in [0, 1]), one was written anew: the
words that both happen to have would only tear the texts apart."""


@dataclass(frozen=True, slots=True)
class DiffPart:
    """A stretch of text that was kept, inserted or deleted."""

    kind: Literal["same", "insert", "delete"]
    text: str


def text_diff(before: str, after: str) -> list[DiffPart]:
    """The parts that lead from ``before`` to ``after``, in reading order.

    A text that was written anew is one deletion and one insertion (:data:`MIN_KEPT`).
    """
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) + len(new) > MAX_WORDS:
        old, new = LINES.findall(before), LINES.findall(after)
    parts = list(_parts(old, new))
    if not _is_rewritten(parts):
        return parts
    return [DiffPart("delete", before), DiffPart("insert", after)]


def _is_rewritten(parts: list[DiffPart]) -> bool:
    """Whether hardly anything of either text is kept."""
    n_chars = {"same": 0, "delete": 0, "insert": 0}
    for part in parts:
        n_chars[part.kind] += len("".join(part.text.split()))
    kept, deleted, inserted = n_chars["same"], n_chars["delete"], n_chars["insert"]
    shorter = min(kept + deleted, kept + inserted)
    return bool(deleted and inserted) and kept < MIN_KEPT * shorter


def _parts(old: list[str], new: list[str]) -> Iterator[DiffPart]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        deleted, inserted = "".join(old[old_start:old_end]), "".join(new[new_start:new_end])
        if deleted == inserted:
            yield DiffPart("same", deleted)
            continue
        if deleted:
            yield DiffPart("delete", deleted)
        if inserted:
            yield DiffPart("insert", inserted)
