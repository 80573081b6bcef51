"""The items of a JSON array, one at a time and each within its limits.

A streaming parser gives events; an item that grows too long or too deep is no longer built
but read past, so that the items after it still come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import ijson
from ijson.common import ObjectBuilder

from uno_site.interchange.constants import REFUSAL, STAND_IN
from uno_site.interchange.records import RowError

Row = dict[str, Any]

MAX_DEPTH = 64
"""Deepest nesting within an item; the formats need nine levels."""

MAX_VALUE_BYTES = 64 * 2**20
"""Longest single string that is read past; the parser holds it whole."""

_STARTS, _ENDS = frozenset(["start_map", "start_array"]), frozenset(["end_map", "end_array"])


class Source(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, ``size`` or about as many; none at the end."""


class ItemStream:
    """What the parser reads: bytes, counted, and refused where one value takes too many."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.n_read = 0
        self.mark = 0

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes or fewer."""
        chunk = self._source.read(size)
        self.n_read += len(chunk)
        if self.n_read - self.mark > MAX_VALUE_BYTES:
            raise OSError(f"a single value is longer than {MAX_VALUE_BYTES // 2**20} MiB")
        return chunk


class _Item:
    """One item while it is being read."""

    def __init__(self, number: int, start: int, max_bytes: int) -> None:
        self.number, self.start, self.max_bytes = number, start, max_bytes
        self.problem = ""
        self._builder = ObjectBuilder()

    def add(self, event: str, value: object, depth: int, position: int) -> None:
        if self.problem:
            return
        if position - self.start > self.max_bytes:
            self._give_up(f"longer than {self.max_bytes // 2**20} MiB")
        elif depth > MAX_DEPTH:
            self._give_up("invalid JSON: nested too deeply")
        elif value == STAND_IN:
            self._give_up(REFUSAL)
        else:
            self._builder.event(event, value)

    def _give_up(self, problem: str) -> None:
        self.problem, self._builder = problem, ObjectBuilder()

    def row(self) -> Row | RowError:
        if not self.problem:
            value = getattr(self._builder, "value", None)  # a key alone makes nothing
            if isinstance(value, dict):
                return value
            self.problem = "not a JSON object"
        return RowError(self.number, self.problem, "item")


def iter_items(
    stream: ItemStream, base_depth: int, *, max_bytes: int
) -> Iterator[tuple[int, Row | RowError]]:
    """Each item's number, from 1, and its object, or what is wrong with it.

    Parameters
    ----------
    base_depth
        1 for the items of one array, 0 for objects that follow one another, 2 for the items of
        an array in an object.
    max_bytes
        Longest item, give or take the parser's buffer (64 KiB).

    Raises
    ------
    ijson.JSONError, OSError, ValueError
        The JSON is damaged here; nothing after it can be read.
    """
    depth = number = 0
    item: _Item | None = None
    for event, value in ijson.basic_parse(stream, use_float=True, multiple_values=not base_depth):
        stream.mark = stream.n_read
        depth -= event in _ENDS
        if depth >= base_depth:
            if item is None:
                number += 1
                item = _Item(number, stream.n_read, max_bytes)
            item.add(event, value, depth, stream.n_read)
        depth += event in _STARTS
        if item is not None and depth == base_depth:
            yield number, item.row()
            item = None
