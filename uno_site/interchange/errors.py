"""Errors of the log readers."""

from __future__ import annotations

from uno_site.errors import InvalidInput


class LogFileUnreadable(InvalidInput):
    """The file as a whole cannot be read: missing, of another encoding, or of no known format."""

    code = "log_file_unreadable"


class RowInvalid(InvalidInput):
    """One row cannot be read; its text is the reason. Never leaves the readers."""

    code = "row_invalid"
