"""Uploaded log files between the upload, the look at it, and the import."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from uno_site.errors import InvalidInput
from uno_site.files import read_json, write_json

MAX_UPLOAD_BYTES = 256 * 2**20
SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".gz")
KEPT_SECONDS = 7 * 24 * 3600
"""An upload that nobody imported is deleted after this."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits; ``name`` is what it was called where it came from."""

    id: uuid.UUID
    name: str
    path: Path

    def in_words(self, error: Exception) -> str:
        """An error about the file, which calls it by its own name and not by where it lies."""
        return str(error).replace(str(self.path), self.name).replace(self.path.name, self.name)


def uploads_dir() -> Path:
    """The folder of uploads that wait for their job."""
    return Path(settings.DATA_DIR) / "uploads"


def upload_save(file: Any, by: Any = None, *, limit: int = MAX_UPLOAD_BYTES) -> Upload:
    """Keep an uploaded file until it has been read.

    Raises
    ------
    InvalidInput
        The file is larger than ``limit`` bytes or of another kind.
    """
    _check(file, limit)
    uploads_dir().mkdir(parents=True, exist_ok=True)
    upload_id = uuid.uuid4()
    path = _path(upload_id)
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    owner = str(by.pk) if by is not None else ""
    write_json(_facts(path), {"name": str(file.name)[:200], "owner": owner})
    return Upload(upload_id, str(file.name)[:200], path)


def upload_get(upload_id: uuid.UUID, by: Any) -> Upload | None:
    """An upload of ``by`` that is still there."""
    path = _path(upload_id)
    facts = read_json(_facts(path)) or {}
    if not path.exists() or facts.get("owner") != str(by.pk):
        return None
    return Upload(upload_id, facts["name"], path)


def upload_path(path: str) -> Path:
    """The path of an upload that a job was given; jobs read no other file of the server.

    Raises
    ------
    InvalidInput
        It lies elsewhere, or links to elsewhere.
    """
    if Path(path).resolve().parent != uploads_dir().resolve():
        raise InvalidInput(f"{path} is no upload.", remedy="Upload the file, then import it.")
    return Path(path)


def upload_delete(path: Path) -> None:
    """Delete an upload; a file elsewhere is left alone."""
    if path.parent == uploads_dir():
        path.unlink(missing_ok=True)
        _facts(path).unlink(missing_ok=True)


def old_uploads() -> list[Path]:
    """Uploads that nobody imported within :data:`KEPT_SECONDS`."""
    return [path for path in uploads_dir().glob("*.upload") if _is_over(path)]


def uploads_tidy() -> int:
    """Delete these; how many."""
    old = old_uploads()
    for path in old:
        upload_delete(path)
    return len(old)


def uploads_forget(owner: Any) -> int:
    """Delete what a person uploaded and nobody imported yet; how many files."""
    found = [path for path in uploads_dir().glob("*.upload") if _owner(path) == str(owner)]
    for path in found:
        upload_delete(path)
    return len(found)


def _owner(path: Path) -> str:
    return str((read_json(_facts(path)) or {}).get("owner", ""))


def _check(file: Any, limit: int) -> None:
    if not str(file.name).lower().endswith(SUFFIXES):
        raise InvalidInput(
            _("%(name)s is not a log file.") % {"name": file.name},
            remedy=_("Give a .jsonl, .json or .gz file."),
        )
    if file.size > limit:
        raise InvalidInput(
            _("%(name)s has %(size)s MB; the limit is %(limit)s MB.")
            % {
                "name": file.name,
                "size": f"{file.size / 2**20:.0f}",
                "limit": f"{limit / 2**20:.0f}",
            },
            remedy=_("Split it, or ask whoever runs the server to import it."),
        )


def _path(upload_id: uuid.UUID) -> Path:
    return uploads_dir() / f"{upload_id}.upload"


def _facts(path: Path) -> Path:
    return path.with_suffix(".json")


def _is_over(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > KEPT_SECONDS
