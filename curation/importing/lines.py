"""A file's lines as JSON objects, one at a time, plain or gzipped."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from curation.importing.errors import LogFileUnreadable, RowInvalid
from curation.importing.records import RowError

MAX_LINE_BYTES = 8 * 2**20
"""Longest line that is read; no conversation of a chat comes near it."""

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")

Row = dict[str, Any]


def iter_rows(path: Path) -> Iterator[tuple[int, Row | RowError]]:
    """Each line's number and its JSON object, or what is wrong with it; blank lines are skipped.

    Raises
    ------
    LogFileUnreadable
        The file cannot be opened, or is UTF-16.
    """
    with _open(path) as stream:
        for line, raw in _numbered_lines(stream):
            if isinstance(raw, RowError):
                yield line, raw
            elif raw.strip():
                yield line, _read_row(line, raw.rstrip(b"\r\n"))


def _open(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as stream:
            head = stream.read(len(GZIP_MAGIC))
    except OSError as error:
        raise LogFileUnreadable(
            f"{path} cannot be read: {error.strerror or error}.",
            remedy="Give the path of a readable .jsonl or .jsonl.gz file.",
        ) from error
    if head in UTF16_BOMS:
        raise LogFileUnreadable(
            f"{path} is UTF-16, not UTF-8.",
            remedy=f"Convert it: iconv -f UTF-16 -t UTF-8 {path.name} > utf8.jsonl",
        )
    # A gzipped file is known by its content: people rename files.
    return cast(BinaryIO, gzip.open(path)) if head == GZIP_MAGIC else path.open("rb")


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
            yield line, RowError(line, f"the file breaks off here ({error}); the rest is lost")
            return
        if not raw:
            return
        if is_too_long:
            yield line, RowError(line, f"longer than {MAX_LINE_BYTES // 2**20} MiB")
        else:
            yield line, raw.removeprefix(UTF8_BOM) if line == 1 else raw


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
        row = json.loads(raw.decode("utf-8"))
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


def _json_type(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
