"""Tailing the trainer's metrics, and the points of the loss chart."""

from __future__ import annotations

import json
from pathlib import Path

from training.services.metrics import MetricsTail, loss_points


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_each_row_is_given_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    tail = MetricsTail(path)
    assert tail.read() == []
    append(path, '{"step": 1}\n{"step"')
    assert tail.read() == [{"step": 1}]
    assert tail.read() == []
    append(path, ": 2}\n")
    assert tail.read() == [{"step": 2}]


def test_a_file_cut_back_by_a_resume_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    append(path, "".join(json.dumps({"step": n}) + "\n" for n in range(5)))
    tail = MetricsTail(path)
    assert len(tail.read()) == 5
    path.write_text('{"step": 0}\n')
    assert tail.read() == [{"step": 0}]
    assert tail.was_restarted
    assert tail.read() == []
    assert not tail.was_restarted


def test_validation_stands_at_the_last_step_and_later_rows_win() -> None:
    rows = [
        {"kind": "train", "step": 1, "loss": 3.0},
        {"kind": "train", "step": 2, "loss": 2.0},
        {"kind": "validation", "epoch": 1, "loss": 2.5},
        {"kind": "train", "step": 2, "loss": 1.9},
    ]
    assert loss_points(rows) == {"train": [[1, 3.0], [2, 1.9]], "validation": [[2, 2.5]]}
