"""Supervising the trainer: progress, failure, cancellation, resumption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.models import Cluster
from tests.scripted import ScriptedClient
from training.errors import TrainingFailed
from training.models import RunState, TrainingRun
from training.services.execution import run_execute
from training.services.reporting import SilentReporter
from training.services.run_control import run_cancel
from training.services.runs import run_create, run_folder
from uno_site.jobs.context import JobCancelled

pytestmark = pytest.mark.usefixtures("torch_base")


class Recorder(SilentReporter):
    """Keeps what it is told; asks to stop after so many looks."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.told: list[tuple[float, str, float | None]] = []
        self.lines: list[str] = []
        self.n_looks, self.stop_after = 0, stop_after

    def progress(
        self, fraction: float, message: str = "", eta_seconds: float | None = None
    ) -> None:
        self.told.append((fraction, message, eta_seconds))

    def log(self, line: str) -> None:
        self.lines.append(line)

    def check_cancelled(self) -> None:
        self.n_looks += 1
        if self.stop_after is not None and self.n_looks > self.stop_after:
            raise JobCancelled("The job was cancelled.")


@pytest.fixture
def run(ready_cluster: Cluster, scripted: ScriptedClient) -> TrainingRun:
    return run_create(ready_cluster, "expert", None)


def test_a_run_is_trained_and_tells_how_it_goes(
    run: TrainingRun, trainer: Callable[..., None]
) -> None:
    recorder = Recorder()
    run_execute(run, recorder)
    assert run.state == RunState.TRAINED
    assert run.started_at is not None
    assert recorder.told[-1] == (1.0, "step 6 of 6, loss 1.000", 0.0)
    assert recorder.lines == ["epoch 1: validation loss 2.000", "epoch 2: validation loss 1.000"]


def test_a_trained_run_is_not_trained_again(run: TrainingRun, trainer: Callable[..., None]) -> None:
    run_execute(run, Recorder())
    trainer(error="must not be called")
    run_execute(run, Recorder())
    assert run.state == RunState.TRAINED


def test_a_full_disk_is_told_in_the_trainers_words(
    run: TrainingRun, trainer: Callable[..., None]
) -> None:
    trainer(error="The disk is full: state.pt could not be written.")
    with pytest.raises(TrainingFailed, match=r"disk is full.*What is served has not changed"):
        run_execute(run, Recorder())
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert run.error == "The disk is full: state.pt could not be written."
    assert run.finished_at is not None


def test_a_crash_without_a_report_shows_the_last_words(
    run: TrainingRun, trainer: Callable[..., None]
) -> None:
    trainer(words="Segmentation fault (imagined)")
    with pytest.raises(TrainingFailed, match=r"exit status 3.*Segmentation fault"):
        run_execute(run, Recorder())


def test_a_killed_trainer_is_resumed_by_the_next_try(
    run: TrainingRun, trainer: Callable[..., None]
) -> None:
    trainer(kill=True)
    with pytest.raises(TrainingFailed, match="SIGKILL"):
        run_execute(run, Recorder())
    assert run.state == RunState.FAILED

    trainer()
    recorder = Recorder()
    run_execute(run, recorder)
    assert run.state == RunState.TRAINED
    assert run.error == ""
    steps = [
        row["step"] for row in run_folder(run).read_rows("metrics.jsonl") if row["kind"] == "train"
    ]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_cancelled_job_stops_the_trainer(run: TrainingRun, trainer: Callable[..., None]) -> None:
    trainer(step_seconds=0.5, epochs=20)
    with pytest.raises(JobCancelled):
        run_execute(run, Recorder(stop_after=3))
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert run_folder(run).read_json("result.json") is None


def test_a_run_without_a_job_is_cancelled_by_its_row(
    run: TrainingRun, trainer: Callable[..., None], admin: Any
) -> None:
    trainer(step_seconds=0.5, epochs=20)

    class CancelsTheRun(Recorder):
        def check_cancelled(self) -> None:
            if self.n_looks == 0:
                run_cancel(run=TrainingRun.objects.get(pk=run.pk), by=admin)
            self.n_looks += 1

    with pytest.raises(JobCancelled, match="Cancelled while nothing worked on it"):
        run_execute(run, CancelsTheRun())
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
