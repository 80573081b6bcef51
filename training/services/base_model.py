"""The base model that the engine serves, in the form that the trainer loads."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from training.errors import TrainingFailed
from uno_site.inference.protocol import EngineHealth

#: Dequantising runs in a process of its own, so that neither torch nor the weights stay in
#: the memory of the one that supervises.
PREPARE = """
import json, sys
from pathlib import Path
from uno_site.inference.torch_base import prepare_base
from uno_site.errors import UnoError
try:
    source = Path(sys.argv[1])
    base = prepare_base(source if source.exists() else sys.argv[1], Path(sys.argv[2]))
except UnoError as error:
    sys.exit(str(error))
print(json.dumps({"dir": str(base.dir), "sha256": base.sha256}))
"""
PREPARE_SECONDS = 1800
BYTES_PER_WEIGHT = {"float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True, slots=True)
class TorchBase:
    """A prepared base model; ``sha256`` is the identity that adapters record."""

    dir: Path
    sha256: str

    @property
    def n_parameters(self) -> int:
        """About how many weights it has, from the size of its files."""
        config = json.loads((self.dir / "config.json").read_text(encoding="utf-8"))
        dtype = config.get("dtype") or config.get("torch_dtype") or "float32"
        n_bytes = sum(file.stat().st_size for file in self.dir.glob("*.safetensors"))
        return n_bytes // BYTES_PER_WEIGHT.get(dtype, 4)


def served_gguf() -> Path:
    """The GGUF file whose weights are the base model.

    Raises
    ------
    ModelMissing
        It is not on this machine, or the base is a Hugging Face model.
    """
    # Imported late: it brings llama.cpp with it, which the web process can do without.
    from uno_site.inference.engine.models import ModelMissing, reference_source

    path = Path(settings.UNO.model_path) if settings.UNO.model_path else reference_source()
    if not path.is_file():
        raise ModelMissing(
            f"The base model {path} is not a GGUF file on this machine.",
            remedy="Take the adapter's PEFT folder instead.",
        )
    return path


def torch_base(health: EngineHealth) -> TorchBase:
    """The served base model as a folder that torch loads, prepared on first use.

    Raises
    ------
    TrainingFailed
        It cannot be prepared, or it is not the model that the engine serves.
    """
    source = str(settings.UNO.model_path or served_gguf())
    out_dir = settings.DATA_DIR / "models" / f"torch-{health.base_sha256[:12] or 'base'}"
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, source, str(out_dir)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=PREPARE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise TrainingFailed(done.stderr.strip().splitlines()[-1], remedy="Check UNO_MODEL_PATH.")
    prepared = json.loads(done.stdout.strip().splitlines()[-1])
    base = TorchBase(Path(prepared["dir"]), prepared["sha256"])
    if health.base_sha256 and base.sha256 != health.base_sha256:
        raise TrainingFailed(
            f"The engine serves base {health.base_sha256[:12]}, {source} is {base.sha256[:12]}.",
            remedy="Set UNO_MODEL_PATH to the model that the engine serves.",
        )
    return base
