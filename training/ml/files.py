"""Files of a run folder: whole or not at all, and one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import DataInvalid, DiskFull, FolderBusy

#: How long a trainer waits for one whose parent has died to notice and leave.
LOCK_SECONDS = 120.0


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn "no space left" and "quota exceeded" into :class:`DiskFull`, naming the path."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            f"The disk is full: {path} could not be written.",
            remedy="Free some space and retry; what was written before is intact.",
        ) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a crash or a full disk leaves the old one or the new one."""
    temporary = path.with_name(f".{path.name}.part")
    with disk_errors(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    write_bytes(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def read_json(path: Path) -> Any:
    """The content of a JSON file, or None where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write a folder, and put it in place only when it is whole."""
    temporary = path.with_name(f".{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    with disk_errors(path):
        try:
            temporary.mkdir(parents=True)
            fill(temporary)
            shutil.rmtree(path, ignore_errors=True)
            temporary.rename(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


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


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
