"""Files of a run folder: rows of JSON lines, and one writer at a time."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from uno_site.files import disk_errors

from .errors import DataInvalid, FolderBusy

#: How long a trainer waits for one whose parent has died to notice and leave.
LOCK_SECONDS = 120.0


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Append one row of JSON lines."""
    with disk_errors(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file.

    Raises
    ------
    DataInvalid
        The file is missing or a line is not a JSON object; names file and line.
    """
    remedy = "Make the run folder anew."
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # text may hold other line ends
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{path.name} cannot be read: {error}.", remedy=remedy) from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataInvalid(
                f"{path.name}, line {number}: not JSON ({error}).", remedy=remedy
            ) from error
        if not isinstance(row, dict):
            raise DataInvalid(f"{path.name}, line {number}: not a JSON object.", remedy=remedy)
        rows.append(row)
    return rows


@contextmanager
def folder_lock(folder: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold a run folder; the lock ends with the process, however it ends.

    Raises
    ------
    FolderBusy
        Another process still holds it after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    with (folder / ".lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise FolderBusy(
                        f"Another trainer works in {folder}.",
                        remedy="Wait for its end, or stop it.",
                    ) from error
                time.sleep(0.1)
        yield
