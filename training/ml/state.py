"""What a trainer needs to go on where it was stopped."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as safetensors_load
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from uno_site.files import read_json, write_bytes, write_json

from .files import append_row

STATE = "state/trainer.pt"
REFERENCE = "state/reference.safetensors"
FINGERPRINT = "state/fingerprint.json"
METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class TrainerState:
    """The adapter and the optimiser after ``step`` optimiser steps.

    ``n_epochs_done`` counts epochs with validation and checkpoint; ``seconds`` is the time
    trained so far.

    No random state is kept: each step seeds its own, so that a resumed run draws what an
    uninterrupted one would have drawn.
    """

    step: int
    n_epochs_done: int
    seconds: float
    adapter: dict[str, Tensor]
    optimizer: dict[str, Any]


def fingerprint(folder: Path) -> str:
    """SHA-256 (hex) of everything that a run learns from: its configuration and its rows."""
    digest = hashlib.sha256()
    for name in ("config.json", "train.jsonl", "validation.jsonl"):
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return digest.hexdigest()


def forget_foreign_work(folder: Path) -> bool:
    """Throw away what was learned from other data or settings; whether there was any.

    When somebody withdraws, their rows leave ``train.jsonl``: a checkpoint that has seen them
    must not be taken up again.
    """
    current = fingerprint(folder)
    recorded = read_json(folder / FINGERPRINT)
    if recorded == current:
        return False
    is_foreign = recorded is not None
    for name in ("state", "checkpoints"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (METRICS, "result.json"):
        (folder / name).unlink(missing_ok=True)
    (folder / "state").mkdir()
    write_json(folder / FINGERPRINT, current)
    return is_foreign


def save_state(folder: Path, state: TrainerState) -> None:
    """Write the state; a crash leaves the one before."""
    buffer = io.BytesIO()
    values = {name: getattr(state, name) for name in TrainerState.__slots__}
    torch.save(values, buffer)
    write_bytes(folder / STATE, buffer.getvalue())


def load_state(folder: Path) -> TrainerState | None:
    """The last saved state, or None. Tensors and plain values only are read, never code."""
    path = folder / STATE
    if not path.exists():
        return None
    return TrainerState(**torch.load(path, weights_only=True, map_location="cpu"))


def save_reference(folder: Path, values: dict[str, Tensor]) -> None:
    """Keep the reference model's log-probabilities, which never change."""
    write_bytes(folder / REFERENCE, safetensors_bytes(values))


def load_reference(folder: Path) -> dict[str, Tensor] | None:
    """The kept log-probabilities of the reference model, or None."""
    path = folder / REFERENCE
    return safetensors_load(path.read_bytes()) if path.exists() else None


def cut_metrics(folder: Path, step: int, n_epochs_done: int) -> None:
    """Drop rows that were written after the state was saved: those steps come again."""
    path = folder / METRICS
    if not path.exists():
        return
    # A line that a crash cut short does not end in a brace: rows hold no nested objects.
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    kept = [
        row
        for row in rows
        if (row["step"] <= step if row["kind"] == "train" else row["epoch"] <= n_epochs_done)
    ]
    write_bytes(path, "".join(json.dumps(row) + "\n" for row in kept).encode())


def add_metrics(folder: Path, row: dict[str, Any]) -> None:
    """Append a row to ``metrics.jsonl``."""
    append_row(folder / METRICS, row)
