"""What is trained and could not be checked: it waits for its check, and is not trained again."""

from __future__ import annotations

from training.models import RunState, TrainingRun, Verification
from uno_site.errors import InvalidInput, UnoError
from uno_site.inference.errors import AdapterNotLoaded, EngineRefused
from uno_site.jobs.models import Job

from .runs import run_folder, run_set_state


def lacks_check(run: TrainingRun, job: Job | None = None) -> bool:
    """Whether a run is trained and only its check could not be done, so that it need not be trained
    again; not while another job than ``job`` is at work on it.

    A run whose job has ended is marked as failed although it is trained (:mod:`.runs`).
    """
    if run.state not in (RunState.TRAINED, RunState.FAILED):
        return False
    if run.job is not None and run.job != job and run.job.is_active:
        return False
    is_checked = Verification.objects.filter(run=run).exists()
    return not is_checked and run_folder(run).read_json("result.json") is not None


def check_failed(run: TrainingRun, error: UnoError) -> None:
    """Leave a run whose check broke off as ``trained``, to be checked later; what can never be
    checked (it is refused, or has no checkpoint) is ``failed``, and begun anew."""
    is_hopeless = isinstance(error, EngineRefused | InvalidInput)
    if is_hopeless and not isinstance(error, AdapterNotLoaded):
        run_folder(run).forget_training()
        run_set_state(run, RunState.FAILED, error=f"It cannot be checked: {error}")
    else:
        run_set_state(run, RunState.TRAINED, error=f"It could not be checked yet: {error}")
