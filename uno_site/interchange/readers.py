"""The registry of formats, and reading a file in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from uno_site.interchange.errors import LogFileUnreadable, RowInvalid
from uno_site.interchange.files import RowFile
from uno_site.interchange.formats.openai import OPENAI, OPENAI_PREFERENCE
from uno_site.interchange.formats.openwebui import OPEN_WEBUI, OPEN_WEBUI_FEEDBACK
from uno_site.interchange.formats.preferences import KTO, TRL
from uno_site.interchange.formats.seed import SEED
from uno_site.interchange.formats.sharegpt import SHAREGPT, WILDCHAT
from uno_site.interchange.records import Dialogue, ImportedLog, LogFormat, RowError

T = TypeVar("T")

# In the order in which they are tried: preference rows may hold "messages" as well.
_ALL = (
    SEED,
    TRL,
    KTO,
    OPENAI_PREFERENCE,
    OPEN_WEBUI_FEEDBACK,
    OPEN_WEBUI,
    WILDCHAT,
    SHAREGPT,
    OPENAI,
)
FORMATS: Mapping[str, LogFormat] = {known.name: known for known in _ALL}

DETECTION_ROWS = 50
"""Rows looked at to tell a file's format; the first row that a format knows decides."""

DETECTION_BYTES = 64 * 2**20
"""Unpacked bytes looked at for the same."""


class Reader(Generic[T]):
    """What a file's rows hold, one at a time, with the errors of the rows that hold nothing.

    Attributes
    ----------
    format
        The format that the file is read in.
    n_rows
        Rows read so far, good and bad.
    """

    def __init__(
        self,
        path: Path,
        chosen: LogFormat,
        parse: Callable[[Mapping[str, Any]], tuple[T, ...]],
        stop_after: int | None = None,
    ) -> None:
        self.format = chosen
        self.n_rows = 0
        self._file = RowFile(path, stop_after=stop_after)
        self._parse = parse
        self._results = self._read()

    @property
    def share(self) -> float:
        """How much of the file has been read, in [0, 1]."""
        return self._file.share

    @property
    def is_cut(self) -> bool:
        """Whether reading ended at ``stop_after``."""
        return self._file.is_cut

    def __iter__(self) -> Iterator[T | RowError]:
        return self

    def __next__(self) -> T | RowError:
        return next(self._results)

    def _read(self) -> Iterator[T | RowError]:
        for number, row in self._file:
            self.n_rows += 1
            if isinstance(row, RowError):
                yield row
                continue
            try:
                yield from self._parse(row)
            except RowInvalid as error:
                yield RowError(number, str(error), self._file.unit)


def read_logs(
    path: Path | str, format_name: str | None = None, *, stop_after: int | None = None
) -> Reader[ImportedLog]:
    """Read a file's logs row by row, plain or gzipped.

    Parameters
    ----------
    path
        JSON lines or one JSON array, UTF-8.
    format_name
        A key of ``FORMATS``; None tells the format from the first rows.
    stop_after
        Unpacked bytes to read at most; the whole file if not given.

    Returns
    -------
    Reader of ImportedLog or RowError
        In the file's order. Bad rows never raise.

    Raises
    ------
    LogFileUnreadable
        At once, before the first row: the file cannot be opened, is not UTF-8 text, or
        no row in it is of a known format.
    """
    path, chosen = _choose(path, format_name)
    return Reader(path, chosen, chosen.parse, stop_after)


def read_dialogues(
    path: Path | str, format_name: str | None = None, *, stop_after: int | None = None
) -> Reader[Dialogue]:
    """Read a file's whole conversations; as :func:`read_logs`.

    Raises
    ------
    LogFileUnreadable
        As :func:`read_logs`; or the format holds no conversations.
    """
    path, chosen = _choose(path, format_name)
    parse = chosen.parse_dialogue
    if parse is None:
        raise LogFileUnreadable(
            f"{path.name} is of the format {chosen.title}, which holds no conversations.",
            remedy="Give an export of chats: OpenAI, ShareGPT, Open WebUI or WildChat.",
        )
    return Reader(path, chosen, lambda row: (parse(row),), stop_after)


def detect_format(path: Path | str) -> LogFormat:
    """The format of the first row that one of ``FORMATS`` knows.

    Raises
    ------
    LogFileUnreadable
        None of the first ``DETECTION_ROWS`` rows is known; says what the first one is.
    """
    path = Path(path)
    file = RowFile(path, stop_after=DETECTION_BYTES)
    first_problem = "it has no rows"
    for n_seen, (number, row) in enumerate(file):
        if n_seen == DETECTION_ROWS:
            break
        if not isinstance(row, RowError):
            for known in FORMATS.values():
                if known.matches(row):
                    return known
        if n_seen == 0:
            is_bad = isinstance(row, RowError)
            first_problem = str(row if is_bad else f"{file.unit} {number} {_describe(row)}")
    raise LogFileUnreadable(
        f"{path} is of no known format: {first_problem}.",
        remedy=f"Known formats, one JSON object a line or one array of them: {_list_formats()}.",
    )


def _choose(path: Path | str, format_name: str | None) -> tuple[Path, LogFormat]:
    """The format, before the first row rather than in the middle of the caller's loop."""
    path = Path(path)
    chosen = None if format_name is None else _find_format(format_name)
    if next(iter(RowFile(path, stop_after=DETECTION_BYTES)), None) is None:
        raise LogFileUnreadable(f"{path} has no rows.", remedy="Give a file with one row a line.")
    return path, chosen or detect_format(path)


def _find_format(name: str) -> LogFormat:
    if name not in FORMATS:
        raise LogFileUnreadable(
            f"There is no log format {name!r}.", remedy=f"Known formats: {_list_formats()}."
        )
    return FORMATS[name]


def _list_formats() -> str:
    return "; ".join(f"{known.name} ({known.description})" for known in FORMATS.values())


def _describe(row: Mapping[str, Any] | RowError) -> str:
    keys = "" if isinstance(row, RowError) else ", ".join(sorted(map(str, row))[:8])
    return f"has the keys {keys or 'none'}"
