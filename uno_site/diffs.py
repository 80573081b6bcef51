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


@dataclass(frozen=True, slots=True)
class DiffPart:
    """A stretch of text that was kept, inserted or deleted."""

    kind: Literal["same", "insert", "delete"]
    text: str


def text_diff(before: str, after: str) -> list[DiffPart]:
    """The parts that lead from ``before`` to ``after``, in reading order."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) + len(new) > MAX_WORDS:
        old, new = LINES.findall(before), LINES.findall(after)
    return list(_parts(old, new))


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
