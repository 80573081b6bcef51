"""Pausing, resuming and cancelling a run: what was learned so far is always kept."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from training.models import RunState, TrainingRun
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict
from uno_site.jobs.services import job_cancel, job_retry

from .runs import ACTIVE_STATES, run_set_state

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
    """Queue a stopped run's job again; the trainer goes on from the state that it saved.

    Raises
    ------
    Conflict
        The run did not stop, or its job is gone or still stopping.
    """
    if run.state not in RESUMABLE_STATES:
        raise Conflict(
            _("The run has not stopped (%(state)s).") % {"state": run.get_state_display()}
        )
    if run.job is None:
        raise Conflict(_("The run's job is gone."), remedy=_("Retrain the cluster."))
    TrainingRun.objects.filter(pk=run.pk).update(is_pause_requested=False)
    job_retry(job=run.job, by=by)
    run_set_state(run, RunState.QUEUED)
    audit_record(actor=by, action="run.resume", subject=run)


def _ask_to_stop(run: TrainingRun, by: Any) -> bool:
    """Whether somebody works on the run, who was asked to stop and will say when they have."""
    if run.job is None or not run.job.is_active:
        return False
    return job_cancel(job=run.job, by=by).is_active
