"""A share of somebody else's progress bar."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """The part of a job's context that long work needs."""

    def progress(
        self, fraction: float, message: str = "", eta_seconds: float | None = None
    ) -> None: ...

    def log(self, line: str) -> None: ...

    def check_cancelled(self) -> None: ...


class Portion:
    """Reports the part from ``start`` to ``end`` (both in [0, 1]) of a whole's progress."""

    def __init__(self, whole: Reporter, start: float, end: float, prefix: str = "") -> None:
        self.whole, self.start, self.end, self.prefix = whole, start, end, prefix

    def progress(
        self, fraction: float, message: str = "", eta_seconds: float | None = None
    ) -> None:
        """Report progress within the portion.

        The time left is told only by the whole's last portion: the others know nothing of
        what comes after them, and the whole's own estimate is better than theirs.
        """
        fraction = min(max(fraction, 0.0), 1.0)
        done = self.start + fraction * (self.end - self.start)
        is_last = self.end >= 1.0
        text = f"{self.prefix}{message}" if message else ""
        self.whole.progress(done, text, eta_seconds if is_last else None)

    def log(self, line: str) -> None:
        """Write a line to the whole's log."""
        self.whole.log(f"{self.prefix}{line}")

    def check_cancelled(self) -> None:
        """Stop if the whole was asked to."""
        self.whole.check_cancelled()


class SilentReporter:
    """Reports to nobody: for scripts and tests."""

    def progress(
        self, fraction: float, message: str = "", eta_seconds: float | None = None
    ) -> None:
        """Say nothing."""

    def log(self, line: str) -> None:
        """Write nothing."""

    def check_cancelled(self) -> None:
        """Never stop."""
