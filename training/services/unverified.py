"""Serving an expert unverified: what the verifier is worth is measured by leaving it out."""

from __future__ import annotations

from training.models import AdapterState, RunState, TrainingRun
from uno_site.errors import InvalidInput

from .adapters import adapter_register
from .reporting import Reporter
from .runs import run_folder, run_set_state

NOTE = "accepted unverified, for comparison"


def run_accept_unverified(run: TrainingRun, report: Reporter) -> None:
    """Accept a trained run as its last epoch left it; leaves no verification behind.

    Raises
    ------
    InvalidInput
        The run has no checkpoints.
    """
    folder = run_folder(run)
    epochs = (folder.read_json("result.json") or {}).get("epochs", [])
    if not epochs:
        raise InvalidInput("The run has no checkpoints.", remedy="Train the cluster anew.")
    last = max(epochs, key=lambda epoch: epoch["epoch"])
    adapter_register(
        run,
        checkpoint=folder.path / last["path"],
        epoch=last["epoch"],
        state=AdapterState.ACCEPTED,
    )
    run_set_state(run, RunState.ACCEPTED)
    report.progress(1.0, NOTE)
    report.log(f"epoch {last['epoch']} {NOTE}")
