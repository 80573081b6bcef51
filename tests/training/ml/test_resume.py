"""A run that was killed or stopped goes on, and ends as if it had never been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.ml.conftest import ROOT, read_metrics, start_trainer, write_rows, write_run
from training.ml import session, train
from training.ml.errors import Stopped
from training.ml.train import EXIT_STOPPED, main

VOLATILE = ("seconds", "eta_seconds")


def last_adapter(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "checkpoints" / "epoch-3" / "adapter_model.safetensors")


def assert_same_run(one: Path, other: Path) -> None:
    """Same metrics but for the time they took, same weights to the bit."""
    rows = [
        [{k: v for k, v in row.items() if k not in VOLATILE} for row in read_metrics(folder)]
        for folder in (one, other)
    ]
    assert rows[0] == rows[1]
    first, second = last_adapter(one), last_adapter(other)
    assert first.keys() == second.keys()
    assert all(first[name].equal(second[name]) for name in first)


def stop_after(n_checks: int) -> Callable[[], None]:
    checks = iter(range(10_000))

    def check_stop() -> None:
        if next(checks) >= n_checks:
            raise Stopped

    return check_stop


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    folder = write_run(tmp_path_factory.mktemp("resume") / "whole", tiny_base)
    assert main([str(folder), "--threads", "1"]) == 0
    return folder


@pytest.mark.parametrize("n_checks", [1, 8, 11, 14, 23])
def test_stopped_anywhere_it_ends_the_same(
    n_checks: int, whole: Path, make_run: Callable[..., Path]
) -> None:
    folder = make_run("stopped")
    with pytest.raises(Stopped):
        train.train(folder, stop_after(n_checks), threads=1)
    assert main([str(folder), "--threads", "1"]) == 0
    assert_same_run(folder, whole)


def test_killed_outright_it_ends_the_same(whole: Path, make_run: Callable[..., Path]) -> None:
    folder = make_run("killed")
    process = start_trainer(folder)
    while not (folder / "checkpoints" / "epoch-1").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "step": 99, "los')  # the crash came amid a line
    assert main([str(folder), "--threads", "1"]) == 0
    assert_same_run(folder, whole)


def test_state_between_epochs_is_taken_up(
    whole: Path, make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run("fine", save_every_steps=1)

    def crash(self: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr("training.ml.loop.Trainer.validate", crash)
    assert main([str(folder), "--threads", "1"]) == 1
    assert len(read_metrics(folder)) == 3
    monkeypatch.undo()
    assert main([str(folder), "--threads", "1"]) == 0
    assert_same_run(folder, whole)


def test_sigterm_saves_and_says_so(make_run: Callable[..., Path]) -> None:
    folder = make_run("long", n_epochs=2000)
    process = start_trainer(folder)
    metrics = folder / "metrics.jsonl"
    while not metrics.exists() or metrics.stat().st_size < 2000:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    process.terminate()
    output = process.communicate(timeout=120)[0]
    assert process.returncode == EXIT_STOPPED == 143, output
    state = torch.load(folder / "state" / "trainer.pt", weights_only=True)
    n_rows = sum(row["kind"] == "train" for row in read_metrics(folder))
    assert state["step"] == n_rows > 0
    assert not (folder / "error.json").exists()
    assert not (folder / "result.json").exists()


def test_orphan_stops_by_itself(make_run: Callable[..., Path]) -> None:
    folder = make_run("orphan", n_epochs=2000)
    command = [sys.executable, "-m", "training.ml.train", str(folder), "--threads", "1"]
    launcher = (
        "import os, subprocess, sys\n"
        f"command = {command!r} + ['--parent-pid', str(os.getpid())]\n"
        "child = subprocess.Popen(command, stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", launcher],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=180,
        check=True,
        close_fds=True,
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 180
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(pid)
    assert not (folder / "result.json").exists()


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_finished_run_does_nothing_again(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (whole / "metrics.jsonl").read_bytes()
    monkeypatch.setattr("training.ml.loop.Trainer._epoch", None)
    assert main([str(whole), "--threads", "1"]) == 0
    assert (whole / "metrics.jsonl").read_bytes() == before


def test_reference_is_computed_once(
    make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run("reference")
    with pytest.raises(Stopped):
        train.train(folder, stop_after(12), threads=1)
    monkeypatch.setattr(session, "_reference", None)
    assert main([str(folder), "--threads", "1"]) == 0


def test_changed_data_begin_anew(make_run: Callable[..., Path]) -> None:
    folder = make_run("withdrawn")
    assert main([str(folder), "--threads", "1"]) == 0
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    write_rows(folder / "train.jsonl", rows[:4])
    assert main([str(folder), "--threads", "1"]) == 0
    train_rows = [row for row in read_metrics(folder) if row["kind"] == "train"]
    assert [row["n_steps"] for row in train_rows] == [6] * 6
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == [
        "epoch-1",
        "epoch-2",
        "epoch-3",
    ]
