"""Which GGUF file the base model is, where it is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from training.services.base_model import served_gguf
from uno_site.inference.engine.models import ModelMissing


def test_the_file_that_the_setting_names(settings: object, tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF")
    settings.UNO = replace(settings.UNO, model_path=str(path))
    assert served_gguf() == path


def test_a_model_from_the_hub_has_none(settings: object) -> None:
    settings.UNO = replace(settings.UNO, model_path="Qwen/Qwen3-8B")
    with pytest.raises(ModelMissing, match="Qwen/Qwen3-8B is not a GGUF file"):
        served_gguf()
