"""Adapters to take along: the PEFT folder as a ZIP, or one GGUF file for llama.cpp."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from django.utils.translation import gettext as _

from training.models import Adapter
from uno_site.errors import InvalidInput
from uno_site.inference.gguf_header import read_gguf_header
from uno_site.inference.peft_gguf import convert_adapter

from .base_model import served_gguf

#: What a PEFT folder needs, and UNO's own record of base, data and template beside it.
PEFT_FILES = ("adapter_config.json", "adapter_model.safetensors", "uno.json")


def adapter_zip(adapter: Adapter) -> bytes:
    """The adapter's PEFT folder as a ZIP file.

    Raises
    ------
    InvalidInput
        Its files are gone.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in PEFT_FILES:
            path = Path(adapter.path, name)
            if path.exists():
                archive.write(path, f"{adapter.name}/{name}")
        if not archive.namelist():
            raise InvalidInput(
                _("The files of %(name)s are gone (%(path)s).")
                % {"name": adapter.name, "path": adapter.path},
                remedy=_("Train the cluster again."),
            )
    return buffer.getvalue()


def adapter_gguf(adapter: Adapter) -> Path:
    """The adapter as a GGUF file, converted on first use.

    Raises
    ------
    AdapterInvalid
        It cannot be converted.
    ModelMissing
        The base's GGUF file is not on this machine.
    """
    header = read_gguf_header(served_gguf())
    return convert_adapter(Path(adapter.path), header, base_sha256=adapter.base_sha256)
