"""Token bytes to text: whole characters only, and nothing past a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """Collects token pieces and gives out the text that is certain.

    Held back are the bytes of an unfinished character and a tail that may turn out to be
    the beginning of a stop string.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stop = tuple(s for s in stop if s)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.is_stopped = False

    def push(self, piece: bytes) -> str:
        """Add a piece; return the text that may be shown now."""
        return self._release(self._decoder.decode(piece), is_last=False)

    def finish(self) -> str:
        """Return what is still held when the reply has ended."""
        return self._release(self._decoder.decode(b"", final=True), is_last=True)

    def _release(self, text: str, *, is_last: bool) -> str:
        if self.is_stopped:
            return ""
        self._held += text
        found = [i for i in (self._held.find(stop) for stop in self._stop) if i >= 0]
        if found:
            self.is_stopped = True
            return self._held[: min(found)]
        n_kept = 0 if is_last else self._n_possible_stop()
        released = self._held[: len(self._held) - n_kept]
        self._held = self._held[len(released) :]
        return released

    def _n_possible_stop(self) -> int:
        """Length of the longest tail that begins a stop string."""
        longest = 0
        for stop in self._stop:
            for n in range(1, min(len(stop), len(self._held) + 1)):
                if self._held.endswith(stop[:n]):
                    longest = max(longest, n)
        return longest
