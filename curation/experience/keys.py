"""This deployment's signing key: made once, readable by its owner only."""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from pathlib import Path

from django.conf import settings

from curation.ml.experience.signing import new_key, public_key


def signing_key() -> bytes:
    """The Ed25519 private key, 32 bytes; made on the first call.

    Processes that start together agree, as in :func:`uno_site.local_secret.local_secret`.
    """
    path = key_path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(new_key()))
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        Path(temporary).unlink()
    return base64.b64decode(path.read_bytes())


def key_path() -> Path:
    """Where it lies."""
    return Path(settings.DATA_DIR) / "experience-signing-key"


def own_public_key() -> str:
    """What other deployments need to import from here, base64."""
    return public_key(signing_key())
