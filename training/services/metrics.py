"""Reading a run's ``metrics.jsonl`` while the trainer appends to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class MetricsTail:
    """The rows that have come since the last look; a half-written line waits for its end.

    A file that became shorter (the trainer cut it back to where it resumed) is read anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.was_restarted = False

    def read(self) -> list[dict[str, Any]]:
        """New rows, in order; ``was_restarted`` tells that they replace those given before."""
        self.was_restarted = False
        try:
            size = self.path.stat().st_size
            if size < self.offset:
                self.offset, self.was_restarted = 0, True
            with self.path.open("rb") as file:
                file.seek(self.offset)
                block = file.read(size - self.offset)
        except FileNotFoundError:
            return []
        whole, newline, _ = block.rpartition(b"\n")
        self.offset += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines() if line.strip()]


def loss_points(rows: list[dict[str, Any]]) -> dict[str, list[list[float]]]:
    """Points of the loss chart: ``{"train": [[step, loss]], "validation": [[step, loss]]}``.

    A validation row stands at the last training step before it. A step that was trained
    twice, because the run was resumed, counts as the later one.
    """
    train: dict[float, float] = {}
    validation: dict[float, float] = {}
    step = 0
    for row in rows:
        if row.get("kind") == "train":
            step = row["step"]
            train[step] = row["loss"]
        elif row.get("kind") == "validation":
            validation[row.get("step", step)] = row["loss"]
    return {
        "train": [[step, loss] for step, loss in sorted(train.items())],
        "validation": [[step, loss] for step, loss in sorted(validation.items())],
    }
