"""A scripted trainer: writes a run folder of the real shape, quickly. Not a test.

``trainer.py SCRIPT.json RUN_FOLDER --parent-pid N --threads N``; the script's keys: ``epochs``
(how many, 2), ``step_seconds`` (0), ``error`` (a message to fail with), ``kill`` (die by
SIGKILL after the first epoch, once), ``words`` (a line on stderr before exit status 3).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__)


def main() -> int:
    script = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2])
    if script.get("words"):
        sys.stderr.write(script["words"] + "\n")
        return 3
    if script.get("error"):
        report = {"type": "disk_full", "message": script["error"]}
        (folder / "error.json").write_text(json.dumps(report))
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    epochs = [train_epoch(folder, script, epoch) for epoch in range(1, script.get("epochs", 2) + 1)]
    (folder / "result.json").write_text(json.dumps({"epochs": epochs, "seconds": 1.0}))
    return 0


def train_epoch(folder: Path, script: dict[str, Any], epoch: int) -> dict[str, Any]:
    n_steps = 3 * script.get("epochs", 2)
    path = f"checkpoints/epoch-{epoch}"
    loss = 2.0 / epoch
    result = {"epoch": epoch, "validation_loss": loss, "path": path}
    if (folder / path).exists():
        return result
    for step in range(3 * epoch - 2, 3 * epoch + 1):
        time.sleep(script.get("step_seconds", 0))
        append(
            folder,
            {
                "kind": "train",
                "step": step,
                "n_steps": n_steps,
                "epoch": epoch,
                "loss": loss,
                "eta_seconds": float(n_steps - step),
            },
        )
    append(folder, {"kind": "validation", "step": 3 * epoch, "epoch": epoch, "loss": loss})
    (folder / path).mkdir(parents=True)
    (folder / path / "adapter_model.safetensors").write_text(f"epoch {epoch}")
    (folder / path / "adapter_config.json").write_text("{}")
    if script.get("kill") and epoch == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def append(folder: Path, row: dict[str, Any]) -> None:
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main())
