"""Pausing, resuming and cancelling a run: what was learned so far is always kept."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from training.ml.config import EDIT_KINDS
from training.models import CLUSTER_KINDS, AdapterKind, RunState, TrainingRun
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict
from uno_site.jobs.models import JobState
from uno_site.jobs.services import job_cancel, job_enqueue, job_retry

from .runs import ACTIVE_STATES, run_folder, run_set_state
from .starting_points import is_tainted_start

#: States from which a run goes on where it was left.
RESUMABLE_STATES = (RunState.PAUSED, RunState.FAILED, RunState.CANCELLED)


def run_pause(*, run: TrainingRun, by: Any) -> None:
    """Stop a run for a while; the trainer saves its state, and other runs may go first.

    Raises
    ------
    Conflict
        It has already ended, or is paused.
    """
    if run.state not in ACTIVE_STATES:
        raise Conflict(
            _("The run is not at work (%(state)s).") % {"state": run.get_state_display()}
        )
    TrainingRun.objects.filter(pk=run.pk).update(is_pause_requested=True)
    if not _ask_to_stop(run, by):
        run_set_state(run, RunState.PAUSED)
    audit_record(actor=by, action="run.pause", subject=run)


def run_cancel(*, run: TrainingRun, by: Any) -> None:
    """Stop a run for good; its state is kept all the same, should somebody go on with it.

    Raises
    ------
    Conflict
        It has already ended.
    """
    if run.state not in (*ACTIVE_STATES, RunState.PAUSED):
        raise Conflict(
            _("The run has already ended (%(state)s).") % {"state": run.get_state_display()}
        )
    TrainingRun.objects.filter(pk=run.pk).update(is_pause_requested=False)
    if not _ask_to_stop(run, by):
        run_set_state(run, RunState.CANCELLED, error="Cancelled while nothing worked on it.")
    audit_record(actor=by, action="run.cancel", subject=run)


@transaction.atomic
def run_resume(*, run: TrainingRun, by: Any) -> None:
    """Queue what goes on with a stopped run: its job again or, where that is over, a new one.

    The trainer goes on from the state that it saved; a run that is trained is checked alone.

    Raises
    ------
    Conflict
        The run did not stop, its job is still stopping, or nothing can go on with it.
    """
    if run.state not in RESUMABLE_STATES:
        raise Conflict(
            _("The run has not stopped (%(state)s).") % {"state": run.get_state_display()}
        )
    TrainingRun.objects.filter(pk=run.pk).update(is_pause_requested=False)
    if run.job is not None and run.job.state != JobState.SUCCEEDED:
        job_retry(job=run.job, by=by)
    else:
        _continue(run, by)
    run_set_state(run, RunState.QUEUED)
    audit_record(actor=by, action="run.resume", subject=run)


def can_resume(run: TrainingRun) -> bool:
    """Whether a run stopped, and :func:`run_resume` would find what goes on with it."""
    if run.state not in RESUMABLE_STATES or is_tainted_start(run):
        return False
    if run.job is None or run.job.state == JobState.SUCCEEDED:
        return _next_job(run) is not None
    return not run.job.is_active


def _continue(run: TrainingRun, by: Any) -> None:
    """A new job for a run whose own one is over: it goes on with the runs that are its own."""
    found = _next_job(run)
    if found is None:
        raise Conflict(
            _("The run's job is over, and no other goes on with it."),
            remedy=_("Start the learning anew."),
        )
    kind, params = found
    run.job = job_enqueue(kind=kind, params=params, by=by)
    run.save(update_fields=["job", "updated_at"])


def _next_job(run: TrainingRun) -> tuple[str, dict[str, Any]] | None:
    """Kind and parameters of a job that takes up a run of its own; None where there is none."""
    is_edits, is_cluster = run.kind in EDIT_KINDS, run.kind in CLUSTER_KINDS
    if (is_edits or is_cluster) and run_folder(run).read_json("result.json") is not None:
        return "training.verify", {"run": str(run.pk)}
    if is_edits:
        return "edits.learn", {"kinds": [run.kind]}
    if is_cluster and run.cluster_id is not None:
        return "training.run", {"cluster": str(run.cluster_id), "kind": run.kind}
    if run.kind == AdapterKind.HINDSIGHT and run.owner_id is not None:
        return "personal.update", {}
    if run.kind == AdapterKind.HINDSIGHT and run.owner_key is None:
        return "shared.update", {}
    return None


def _ask_to_stop(run: TrainingRun, by: Any) -> bool:
    """Whether somebody works on the run, who was asked to stop and will say when they have."""
    if run.job is None or not run.job.is_active:
        return False
    return job_cancel(job=run.job, by=by).is_active
