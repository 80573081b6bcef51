"""The registry of log formats, and reading a file in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from curation.importing.errors import LogFileUnreadable, RowInvalid
from curation.importing.lines import iter_rows
from curation.importing.openai import OPENAI
from curation.importing.records import ImportedLog, LogFormat, RowError
from curation.importing.seed import SEED

FORMATS: Mapping[str, LogFormat] = {known.name: known for known in (SEED, OPENAI)}

DETECTION_ROWS = 50
"""Lines looked at to tell a file's format; the first row that a format knows decides."""


def read_logs(path: Path | str, format_name: str | None = None) -> Iterator[ImportedLog | RowError]:
    """Read a log file line by line, plain or gzipped.

    Parameters
    ----------
    path
        A JSONL file, UTF-8.
    format_name
        A key of ``FORMATS``; None tells the format from the first rows.

    Returns
    -------
    Iterator of ImportedLog or RowError
        In the file's order. Bad rows never raise.

    Raises
    ------
    LogFileUnreadable
        At once, before the first row: the file cannot be opened, is not UTF-8 text, or
        no row in it is of a known format.
    """
    path = Path(path)
    chosen = None if format_name is None else _find_format(format_name)
    _check_readable(path)
    return _read(path, chosen or detect_format(path))


def detect_format(path: Path | str) -> LogFormat:
    """The format of the first row that one of ``FORMATS`` knows.

    Raises
    ------
    LogFileUnreadable
        None of the first ``DETECTION_ROWS`` rows is known; says what the first one is.
    """
    path = Path(path)
    first_problem = "it has no rows"
    for n_seen, (line, row) in enumerate(iter_rows(path)):
        if n_seen == DETECTION_ROWS:
            break
        if not isinstance(row, RowError):
            for known in FORMATS.values():
                if known.matches(row):
                    return known
        if n_seen == 0:
            first_problem = str(row if isinstance(row, RowError) else _describe(line, row))
    raise LogFileUnreadable(
        f"{path} is of no known format: {first_problem}.",
        remedy=f"Known formats, one JSON object a line: {_list_formats()}.",
    )


def _read(path: Path, chosen: LogFormat) -> Iterator[ImportedLog | RowError]:
    for line, row in iter_rows(path):
        if isinstance(row, RowError):
            yield row
            continue
        try:
            yield chosen.parse(row)
        except RowInvalid as error:
            yield RowError(line, str(error))


def _check_readable(path: Path) -> None:
    """Fail before the first row rather than in the middle of the caller's loop."""
    if next(iter_rows(path), None) is None:
        raise LogFileUnreadable(f"{path} has no rows.", remedy="Give a file with one row a line.")


def _find_format(name: str) -> LogFormat:
    if name not in FORMATS:
        raise LogFileUnreadable(
            f"There is no log format {name!r}.", remedy=f"Known formats: {_list_formats()}."
        )
    return FORMATS[name]


def _list_formats() -> str:
    return "; ".join(f"{known.name} ({known.description})" for known in FORMATS.values())


def _describe(line: int, row: Mapping[str, Any]) -> str:
    keys = ", ".join(sorted(row)[:8]) or "none"
    return f"line {line} has the keys {keys}"
