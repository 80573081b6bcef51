"""A file's rows as JSON objects, one at a time: JSON lines or one array, plain or gzipped.

Only JSON is read, and never more of it at once than one row, so that memory is bounded
whatever the file holds. Each limit is named here.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import ijson

from uno_site.interchange.constants import REFUSAL, ConstantStream
from uno_site.interchange.errors import LogFileUnreadable, RowInvalid
from uno_site.interchange.items import ItemStream, Row, iter_items
from uno_site.interchange.records import RowError, Unit

MAX_LINE_BYTES = 8 * 2**20
"""Longest line or item that is read; no conversation of a chat comes near it."""

MAX_UNPACKED_BYTES = 2 * 2**30
"""A gzipped file is read up to here: a small file that unpacks to more is a bomb."""

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
BLANKS = b" \t\r\n"
HEAD_BYTES = 64 * 2**10

# An object that goes on in the next line: its first line ends after the brace.
_SPREAD_OBJECT = re.compile(rb'\{[ \t\r]*\n\s*"')


class RowFile:
    """The rows of one file, read once and in order.

    Parameters
    ----------
    path
        UTF-8: one JSON object a line, or one array of objects, told apart by content.
    stop_after
        Unpacked bytes after which reading ends; :attr:`is_cut` says whether it did.

    Raises
    ------
    LogFileUnreadable
        The file cannot be opened, or is UTF-16.
    """

    def __init__(self, path: Path, *, stop_after: int | None = None) -> None:
        head = _read_head(path)
        self._n_bytes = max(path.stat().st_size, 1)
        self._raw = path.open("rb")
        is_packed = head.startswith(GZIP_MAGIC)
        limit = stop_after or (MAX_UNPACKED_BYTES if is_packed else None)
        # A gzipped file is known by its content: people rename files.
        source = cast(BinaryIO, gzip.GzipFile(fileobj=self._raw)) if is_packed else self._raw
        self._limited = _Limited(source, limit)
        self._stream = io.BufferedReader(self._limited, HEAD_BYTES)
        self._base_depth = self._find_shape()
        self.unit: Unit = "line" if self._base_depth is None else "item"

    @property
    def share(self) -> float:
        """How much of the file has been read, in [0, 1]."""
        return 1.0 if self._raw.closed else min(1.0, self._raw.tell() / self._n_bytes)

    @property
    def is_cut(self) -> bool:
        """Whether reading ended at its limit rather than at the file's end."""
        return self._limited.is_cut

    def __iter__(self) -> Iterator[tuple[int, Row | RowError]]:
        """Each row's number and its object, or what is wrong with it; blank lines are skipped."""
        with self._raw:
            yield from self._lines() if self._base_depth is None else self._items(self._base_depth)

    def _find_shape(self) -> int | None:
        """None for lines; else how deep in the JSON the rows lie."""
        try:
            if self._stream.peek(len(UTF8_BOM)).startswith(UTF8_BOM):
                self._stream.read(len(UTF8_BOM))
            start = self._stream.peek(HEAD_BYTES).lstrip(BLANKS)
        except (EOFError, OSError, zlib.error):
            return None  # reading the rows will say what is wrong
        if start.startswith(b"["):
            return 1
        return 0 if _SPREAD_OBJECT.match(start) else None

    def _lines(self) -> Iterator[tuple[int, Row | RowError]]:
        for line, raw in _numbered_lines(self._stream):
            if isinstance(raw, RowError):
                yield line, raw
            elif raw.strip():
                yield line, _read_row(line, raw.rstrip(b"\r\n"))

    def _items(self, base_depth: int) -> Iterator[tuple[int, Row | RowError]]:
        number = 0
        stream = ItemStream(ConstantStream(self._stream))
        try:
            for number, row in iter_items(stream, base_depth, max_bytes=MAX_LINE_BYTES):
                yield number, row
        except (ijson.JSONError, EOFError, OSError, ValueError, zlib.error) as error:
            yield number + 1, _broken_off(number + 1, error, "item")


class _Limited(io.RawIOBase):
    """A stream that ends with an error after ``limit`` bytes."""

    def __init__(self, source: BinaryIO, limit: int | None) -> None:
        self._source, self._left = source, limit
        self.is_cut = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._source.read(len(buffer))
        if self._left is not None:
            self._left -= len(chunk)
            if self._left < 0:
                self.is_cut = True
                raise OSError("it is longer than what is read of a file")
        buffer[: len(chunk)] = chunk
        return len(chunk)


def iter_rows(path: Path) -> Iterator[tuple[int, Row | RowError]]:
    """Each row's number and its JSON object, or what is wrong with it.

    Raises
    ------
    LogFileUnreadable
        The file cannot be opened, or is UTF-16.
    """
    return iter(RowFile(path))


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            head = stream.read(len(GZIP_MAGIC))
    except OSError as error:
        raise LogFileUnreadable(
            f"{path} cannot be read: {error.strerror or error}.",
            remedy="Give the path of a readable .jsonl, .json or .gz file.",
        ) from error
    if head in UTF16_BOMS:
        raise LogFileUnreadable(
            f"{path} is UTF-16, not UTF-8.",
            remedy=f"Convert it: iconv -f UTF-16 -t UTF-8 {path.name} > utf8.jsonl",
        )
    return head


def _numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | RowError]]:
    """Lines split at ``\\n`` only; a damaged archive ends the file with an error."""
    line = 0
    while True:
        line += 1
        try:
            raw = stream.readline(MAX_LINE_BYTES + 1)
            is_too_long = len(raw) > MAX_LINE_BYTES
            if is_too_long and not raw.endswith(b"\n"):
                _skip_line(stream)
        except (EOFError, OSError, zlib.error) as error:
            yield line, _broken_off(line, error, "line")
            return
        if not raw:
            return
        if is_too_long:
            yield line, RowError(line, f"longer than {MAX_LINE_BYTES // 2**20} MiB")
        else:
            yield line, raw


def _broken_off(number: int, error: Exception, unit: Unit) -> RowError:
    why = next(iter(str(error).splitlines()), "")[:120]
    return RowError(number, f"the file breaks off here ({why}); the rest is lost", unit)


def _skip_line(stream: BinaryIO) -> None:
    while True:
        piece = stream.readline(MAX_LINE_BYTES)
        if not piece or piece.endswith(b"\n"):
            return


def _read_row(line: int, raw: bytes) -> Row | RowError:
    try:
        return _decode_row(raw)
    except RowInvalid as error:
        return RowError(line, str(error))


def _decode_row(raw: bytes) -> Row:
    try:
        row = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        raise RowInvalid(f"not UTF-8 (byte 0x{byte:02X} at position {error.start})") from error
    except json.JSONDecodeError as error:
        raise RowInvalid(f"invalid JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise RowInvalid("invalid JSON: nested too deeply") from error
    except ValueError as error:  # numbers of thousands of digits
        raise RowInvalid(f"invalid JSON: {error}") from error
    if not isinstance(row, dict):
        raise RowInvalid(f"a JSON {_json_type(row)} where an object is expected, one a line")
    return row


def _refuse_constant(name: str) -> None:
    raise RowInvalid(REFUSAL)


def _json_type(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
