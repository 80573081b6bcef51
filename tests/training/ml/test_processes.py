"""Two processes that train together learn what one learns alone."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from tests.training.ml.conftest import read_metrics, start_trainer
from training.ml.train import EXIT_STOPPED, main
from uno_site.files import read_json

MINUTES = 3
TOGETHER = ("--processes", "2", "--threads", "1")
WITHOUT_CHANCE = {"dropout": 0.0, "batch_size": 4, "micro_batch_size": 1, "n_train": 8}


def wait_for(path: Path, process) -> None:
    deadline = time.monotonic() + 60 * MINUTES
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"{path} did not come."
        time.sleep(0.01)


def adapter_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "checkpoints" / "epoch-3" / "adapter_model.safetensors")


@pytest.mark.parametrize("kind", ["expert", "critic"])
def test_two_processes_learn_what_one_learns(kind: str, make_run: Callable[..., Path]) -> None:
    one = make_run("one", kind=kind, **WITHOUT_CHANCE)
    two = make_run("two", kind=kind, **WITHOUT_CHANCE)
    assert main([str(one), "--threads", "1"]) == 0
    assert main([str(two), *TOGETHER]) == 0
    first, second = adapter_of(one), adapter_of(two)
    assert all(torch.allclose(first[name], second[name], atol=2e-4) for name in first)
    alone, together = read_metrics(one), read_metrics(two)
    assert [row["step"] for row in together] == [row["step"] for row in alone]
    losses = [[row["loss"] for row in rows] for rows in (alone, together)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_a_batch_that_does_not_divide_is_learned_whole(make_run: Callable[..., Path]) -> None:
    """Seven rows in batches of three, micro-batches of two: some processes have nothing to do."""
    one, two = make_run("one", dropout=0.0), make_run("two", dropout=0.0)
    assert main([str(one), "--threads", "1"]) == 0
    assert main([str(two), *TOGETHER]) == 0
    first, second = adapter_of(one), adapter_of(two)
    assert all(torch.allclose(first[name], second[name], atol=2e-4) for name in first)


def test_told_to_stop_all_stop_and_the_run_goes_on(make_run: Callable[..., Path]) -> None:
    folder = make_run(n_train=40, n_epochs=3)
    process = start_trainer(folder, *TOGETHER)
    wait_for(folder / "checkpoints" / "epoch-1", process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60 * MINUTES) == EXIT_STOPPED
    n_steps = len(read_metrics(folder))
    assert main([str(folder), *TOGETHER]) == 0
    steps = [row["step"] for row in read_metrics(folder) if row["kind"] == "train"]
    assert steps == list(range(1, len(steps) + 1))
    assert len(read_metrics(folder)) > n_steps


def test_a_helper_that_dies_ends_the_run_with_a_reason(make_run: Callable[..., Path]) -> None:
    folder = make_run(n_train=200, n_epochs=3)
    process = start_trainer(folder, *TOGETHER)
    wait_for(folder / "metrics.jsonl", process)
    (helper,) = psutil.Process(process.pid).children()
    helper.kill()
    assert process.wait(60 * MINUTES) == 1
    assert read_json(folder / "error.json")["message"]
    assert not psutil.pid_exists(helper.pid) or not helper.is_running()
