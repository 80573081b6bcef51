"""Supervising the trainer: a child process that owns the run folder; this side only reads it.

The trainer resumes by itself from what the folder holds, so taking up a run after a killed
worker is the same call as starting it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
from django.conf import settings

from training.errors import TrainingFailed
from training.models import AdapterKind, RunState, TrainingRun
from uno_site.jobs.context import JobCancelled
from uno_site.processes import process_stop

from .live_samples import LiveSampler
from .metrics import MetricsTail
from .reporting import Reporter
from .run_folder import RunFolder
from .runs import run_folder, run_set_state, run_stopped
from .starting_points import is_tainted_start

TRAINER: tuple[str, ...] = (sys.executable, "-m", "training.ml.train")
POLL_SECONDS = 0.5
#: A trainer that was asked to stop first writes its state; after so long it is killed.
STOP_SECONDS = 60.0
#: The chat's engine goes before the trainer when both want the processor.
NICENESS = 10
#: The trainer's exit status after it saved its state and left.
EXIT_STOPPED = 128 + signal.SIGTERM


def run_execute(run: TrainingRun, report: Reporter) -> None:
    """Train ``run`` to its end, or take up where it was left; leaves it ``trained``.

    Raises
    ------
    TrainingFailed
        The trainer gave up; the run is ``failed`` with the reason.
    JobCancelled
        Somebody asked to stop; the run is ``paused`` or ``cancelled``, and can be resumed.
    """
    folder = run_folder(run)
    if is_tainted_start(run):
        _fail(run, "The adapter that it goes on from learned from logs that were withdrawn.")
    if folder.read_json("result.json") is not None:
        run_set_state(run, RunState.TRAINED)
        return
    (folder.path / "error.json").unlink(missing_ok=True)
    run_set_state(run, RunState.TRAINING)
    try:
        exit_code = _supervise(run, folder, report)
    except JobCancelled as reason:
        run_stopped(run, str(reason))
        raise
    except OSError as error:
        _fail(run, f"The trainer could not be started: {error}.")
    _conclude(run, folder, exit_code)


def _conclude(run: TrainingRun, folder: RunFolder, exit_code: int) -> None:
    if exit_code == 0 and folder.read_json("result.json") is not None:
        run_set_state(run, RunState.TRAINED)
        return
    _fail(run, _explain(folder, exit_code))


def _fail(run: TrainingRun, reason: str) -> None:
    run_set_state(run, RunState.FAILED, error=reason)
    raise TrainingFailed(reason, remedy=f"What is served has not changed. {_way_on(run)}")


def _way_on(run: TrainingRun) -> str:
    """What :func:`training.services.run_control.run_resume` can do for a run that failed."""
    if run.kind == AdapterKind.COMMON or is_tainted_start(run):
        return "It is trained anew with the next pass."
    return "“Go on” on the run's page takes it up where it was."


def _explain(folder: RunFolder, exit_code: int) -> str:
    error: dict[str, Any] | None = folder.read_json("error.json")
    if error is not None:
        return str(error.get("message") or error.get("type"))
    if exit_code == EXIT_STOPPED:
        return "The trainer was asked to stop from outside; its state is saved."
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"The trainer was ended from outside ({name}); its last finished state is kept."
    words = " | ".join(trainer_words(folder, 5).splitlines()) or "none"
    return f"The trainer ended with exit status {exit_code}. Its last words: {words}"


def trainer_words(folder: RunFolder, n_lines: int = 200) -> str:
    """The last lines that the trainer wrote to its log."""
    try:
        text = (folder.path / "trainer.log").read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-n_lines:])


def _supervise(run: TrainingRun, folder: RunFolder, report: Reporter) -> int:
    """Run the trainer until it ends; its exit status."""
    tail = MetricsTail(folder.path / "metrics.jsonl")
    sampler = LiveSampler(run, folder, report)
    with _trainer(folder) as child:
        while True:
            exit_code = child.poll()
            _report_rows(tail, report)
            if exit_code is not None:
                return exit_code
            sampler.look()
            report.check_cancelled()
            _check_still_wanted(run)
            time.sleep(POLL_SECONDS)


def _check_still_wanted(run: TrainingRun) -> None:
    """Stop when the run itself was paused, cancelled or deleted, whoever works on it."""
    row = TrainingRun.objects.filter(pk=run.pk).values("state", "error").first()
    if row is None or row["state"] in (RunState.PAUSED, RunState.CANCELLED):
        raise JobCancelled((row or {}).get("error") or "The run was cancelled.")


def _report_rows(tail: MetricsTail, report: Reporter) -> None:
    for row in tail.read():
        if row.get("kind") == "validation":
            report.log(f"epoch {row['epoch']}: validation loss {row['loss']:.3f}")
        elif row.get("kind") == "train" and row.get("n_steps"):
            report.progress(
                row["step"] / row["n_steps"],
                f"step {row['step']} of {row['n_steps']}, loss {row['loss']:.3f}",
                row.get("eta_seconds"),
            )


@contextmanager
def _trainer(folder: RunFolder) -> Iterator[subprocess.Popen[bytes]]:
    """The trainer's process; it never outlives the block."""
    threads = settings.UNO.threads or psutil.cpu_count(logical=False) or 1
    command = [
        *TRAINER,
        str(folder.path),
        "--parent-pid",
        str(os.getpid()),
        "--threads",
        str(threads),
        "--processes",
        str(settings.UNO.train_processes),
    ]
    with (folder.path / "trainer.log").open("ab") as log:
        child = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    with suppress(psutil.Error):
        psutil.Process(child.pid).nice(NICENESS)
    try:
        yield child
    finally:
        process_stop(child, STOP_SECONDS)
