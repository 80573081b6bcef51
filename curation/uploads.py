"""Uploaded log files on their way to the import job."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings

from uno_site.errors import InvalidInput

MAX_UPLOAD_BYTES = 64 * 2**20
SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".gz")


def uploads_dir() -> Path:
    """The folder of uploads that wait for their job."""
    return Path(settings.DATA_DIR) / "uploads"


def upload_save(file: Any) -> Path:
    """Keep an uploaded file until its job has read it.

    Raises
    ------
    InvalidInput
        The file is larger than :data:`MAX_UPLOAD_BYTES` or of another kind.
    """
    name = str(file.name).lower()
    if not name.endswith(SUFFIXES):
        raise InvalidInput(f"{file.name} is not a log file.", remedy="Give a .jsonl or .gz file.")
    if file.size > MAX_UPLOAD_BYTES:
        raise InvalidInput(
            f"{file.name} has {file.size / 2**20:.0f} MB; the limit is "
            f"{MAX_UPLOAD_BYTES / 2**20:.0f} MB.",
            remedy="Use `manage.py import_logs` on the server.",
        )
    uploads_dir().mkdir(parents=True, exist_ok=True)
    path = uploads_dir() / f"{uuid.uuid4()}{'.jsonl.gz' if name.endswith('.gz') else '.jsonl'}"
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return path


def upload_delete(path: Path) -> None:
    """Delete an upload; a file elsewhere is left alone."""
    if path.parent == uploads_dir():
        path.unlink(missing_ok=True)
