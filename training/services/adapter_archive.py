"""An uploaded PEFT folder as a ZIP: what is read of it, and what is refused.

Nothing is unpickled and nothing is unpacked by its own name: only the three files that a PEFT
folder needs are read, each up to a limit, and written under names of ours.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.utils.translation import gettext as _

from uno_site.errors import InvalidInput
from uno_site.files import disk_errors
from uno_site.inference.peft_folder import CONFIG, WEIGHTS

from .downloads import PEFT_FILES

MAX_ZIP_BYTES = 512 * 2**20
#: Of each file as it is unpacked: a small ZIP may hold a large one.
MAX_FILE_BYTES = {CONFIG: 2**20, WEIGHTS: 2**30, "uno.json": 2**20}
MAX_MEMBERS = 200
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
CHUNK = 2**20


def archive_unpack(file: IO[bytes], folder: Path) -> None:
    """Write the PEFT files of a ZIP into ``folder``, which must be there.

    Raises
    ------
    InvalidInput
        It is no ZIP, too large, damaged, holds pickles or paths that lead elsewhere, or lacks
        one of the files.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            for name, member in _members(archive.infolist()).items():
                _write(archive, member, folder / name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise InvalidInput(
            _("The file cannot be unpacked: %(error)s.") % {"error": error},
            remedy=_("Give a PEFT folder as a plain ZIP."),
        ) from error


def _members(infos: Sequence[zipfile.ZipInfo]) -> Mapping[str, zipfile.ZipInfo]:
    """The members to read, by the name that they get."""
    if len(infos) > MAX_MEMBERS:
        raise InvalidInput(
            _("The ZIP holds %(n)s files.") % {"n": len(infos)},
            remedy=_("Give the adapter's folder alone."),
        )
    files = [info for info in infos if not info.is_dir()]
    for info in files:
        _check_name(info.filename)
    found: dict[str, zipfile.ZipInfo] = {}
    for info in files:
        name = PurePosixPath(info.filename).name
        if name not in PEFT_FILES:
            continue
        if name in found:
            raise InvalidInput(
                _("The ZIP holds %(name)s twice.") % {"name": name},
                remedy=_("Give one adapter at a time."),
            )
        found[name] = info
    for name in (CONFIG, WEIGHTS):
        if name not in found:
            raise InvalidInput(
                _("The ZIP holds no %(name)s.") % {"name": name},
                remedy=_("A PEFT folder has %(config)s and %(weights)s.")
                % {"config": CONFIG, "weights": WEIGHTS},
            )
    return found


def _check_name(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
        raise InvalidInput(
            _("The ZIP holds a path that leads elsewhere: %(name)s.") % {"name": f"{name[:80]!r}"}
        )
    if path.suffix.lower() in PICKLES:
        raise InvalidInput(
            _("The ZIP holds %(name)s, which could run code when it is read.")
            % {"name": path.name},
            remedy=_("Save the adapter with safe_serialization=True and leave such files out."),
        )


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    limit, n_read = MAX_FILE_BYTES[target.name], 0
    with archive.open(member) as source, disk_errors(target), target.open("wb") as out:
        while chunk := source.read(CHUNK):
            n_read += len(chunk)
            if n_read > limit:
                raise InvalidInput(
                    _("%(name)s is larger than %(limit)s MB.")
                    % {"name": target.name, "limit": limit // 2**20}
                )
            out.write(chunk)


def check_size(file: Any) -> None:
    """Refuse an uploaded file that is too large.

    Raises
    ------
    InvalidInput
        It has more than :data:`MAX_ZIP_BYTES`.
    """
    if file.size > MAX_ZIP_BYTES:
        raise InvalidInput(
            _("%(name)s has %(size)s MB; the limit is %(limit)s MB.")
            % {
                "name": file.name,
                "size": f"{file.size / 2**20:.0f}",
                "limit": MAX_ZIP_BYTES // 2**20,
            },
            remedy=_("Lower the rank, or save the weights in half precision."),
        )
