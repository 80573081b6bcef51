"""NaN and Infinity, which Python writes and JSON does not know: their row is refused, and named.

A streaming parser would end the file there, so it gets a string that stands for them instead.
"""

from __future__ import annotations

import re
import secrets
from typing import BinaryIO

REFUSAL = "invalid JSON: NaN or Infinity in the place of a number; null would be read"

STAND_IN = f"not a number {secrets.token_hex(16)}"
"""No file holds it: it is drawn anew by every process."""

_QUOTED = f'"{STAND_IN}"'.encode()
_NAMES = (b"NaN", b"Infinity")
_LONGEST = len(b"-Infinity")
_LETTERS = b"-NaIinfty"
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_TEXT_OR_NAME = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|(-?(?:NaN|Infinity))', re.DOTALL)


class ConstantStream:
    """Bytes of JSON with the stand-in where NaN, Infinity or -Infinity stood outside of texts."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._held = b""
        self._is_in_text = False

    def read(self, size: int) -> bytes:
        """About ``size`` bytes; none at the end."""
        while True:
            chunk = self._source.read(size)
            data = self._held + chunk
            end = _safe_end(data) if chunk else len(data)
            self._held = data[end:]
            if end or not chunk:
                return self._replaced(data[:end])

    def _replaced(self, data: bytes) -> bytes:
        opening = b'"' if self._is_in_text else b""
        n_quotes = _ESCAPE.sub(b"", data).count(b'"')
        self._is_in_text ^= bool(n_quotes % 2)
        if not any(name in data for name in _NAMES):
            return data
        whole = _TEXT_OR_NAME.sub(lambda found: _QUOTED if found[1] else found[0], opening + data)
        return whole[len(opening) :]


def _safe_end(data: bytes) -> int:
    """Where to cut so that neither a name nor an escape is cut in two."""
    tail = data[-_LONGEST:]
    end = len(data) - len(tail) + len(tail.rstrip(_LETTERS))
    n_backslashes = end - len(data[:end].rstrip(b"\\"))
    return end - n_backslashes % 2
