"""A secret key made once for a single machine and kept readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def local_secret(path: Path) -> str:
    """Return the secret kept at ``path``, making it on the first call.

    Two processes that start together agree: the file is created exclusively, and the
    loser reads the winner's.
    """
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(temporary, path)
        finally:
            temporary.unlink()
    return path.read_text().strip()
