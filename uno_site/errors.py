"""The one family of errors. Each says what happened, which value, and the remedy."""

from __future__ import annotations


class UnoError(Exception):
    """Base of every error that UNO raises on purpose; its text may be shown to the user.

    ``code`` is a stable key for the API and for tests; ``status`` is the HTTP
    status a view answers with when the error reaches it.
    """

    code = "error"
    status = 400

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InvalidInput(UnoError):
    """A value that cannot be accepted."""

    code = "invalid_input"
    status = 400


class Conflict(UnoError):
    """The thing is not in a state in which this can be done."""

    code = "conflict"
    status = 409


class DiskFull(UnoError):
    """The disk has no room for a file; what was written before is intact."""

    code = "disk_full"
    status = 500


class PromptInvalid(UnoError):
    """A prompt file that does not validate."""

    code = "prompt_invalid"
    status = 500
