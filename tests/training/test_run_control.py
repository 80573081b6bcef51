"""A run is paused, resumed and cancelled; what it has learned so far is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster
from tests.scripted import ScriptedClient
from training.models import RunState, TrainingRun
from training.services.execution import run_execute
from training.services.run_control import run_cancel, run_pause, run_resume
from training.services.runs import abandoned_runs, run_create, run_folder
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict
from uno_site.jobs.context import JobCancelled, JobContext
from uno_site.jobs.models import Job, JobState

pytestmark = pytest.mark.usefixtures("torch_base")
ClientFor = Callable[[Any], Client]
Trainer = Callable[..., None]


@pytest.fixture
def run(ready_cluster: Cluster, scripted: ScriptedClient) -> TrainingRun:
    job = Job.objects.create(kind="training.run", state=JobState.RUNNING, claim="mine")
    return run_create(ready_cluster, "expert", None, job=job)


class PausesTheRun(JobContext):
    """A job's context in which an admin pauses the run when the first epoch is done."""

    run: TrainingRun

    def log(self, line: str) -> None:
        super().log(line)
        if line.startswith("epoch 1:"):
            run_pause(run=TrainingRun.objects.get(pk=self.run.pk), by=None)


def pause_at_work(run: TrainingRun, trainer: Trainer) -> None:
    trainer(step_seconds=0.2, epochs=3)
    context = PausesTheRun(run.job)
    context.run = run
    with pytest.raises(JobCancelled):
        run_execute(run, context)
    Job.objects.filter(pk=run.job_id).update(state=JobState.CANCELLED)
    run.refresh_from_db()


def test_a_paused_run_goes_on_where_it_was(
    run: TrainingRun, trainer: Trainer, django_capture_on_commit_callbacks: Any
) -> None:
    pause_at_work(run, trainer)
    assert (run.state, run.error, run.finished_at) == (RunState.PAUSED, "", None)
    assert not abandoned_runs().exists()
    assert (run_folder(run).path / "checkpoints/epoch-1").exists()

    run_resume(run=run, by=None)
    run.job.refresh_from_db()
    assert (run.state, run.job.state) == (RunState.QUEUED, JobState.QUEUED)
    Job.objects.filter(pk=run.job_id).update(state=JobState.RUNNING)
    trainer(epochs=3)
    run_execute(run, JobContext(run.job))
    assert run.state == RunState.TRAINED
    actions = AuditEvent.objects.filter(action__startswith="run.").order_by("at")
    assert [event.action for event in actions] == ["run.create", "run.pause", "run.resume"]


def test_cancelling_a_paused_run_ends_it(run: TrainingRun, trainer: Trainer) -> None:
    pause_at_work(run, trainer)
    run_cancel(run=run, by=None)
    assert run.state == RunState.CANCELLED
    with pytest.raises(Conflict, match="already ended"):
        run_cancel(run=run, by=None)


def test_a_run_that_waits_is_paused_at_once(run: TrainingRun) -> None:
    Job.objects.filter(pk=run.job_id).update(state=JobState.QUEUED)
    run.job.refresh_from_db()
    run_pause(run=run, by=None)
    assert (run.state, run.job.state) == (RunState.PAUSED, JobState.CANCELLED)


@pytest.mark.parametrize("state", [RunState.ACCEPTED, RunState.PAUSED])
def test_what_is_not_at_work_cannot_be_paused(run: TrainingRun, state: str) -> None:
    run.state = state
    with pytest.raises(Conflict, match="not at work"):
        run_pause(run=run, by=None)


def test_what_goes_on_or_lost_its_job_cannot_be_resumed(run: TrainingRun) -> None:
    with pytest.raises(Conflict, match="has not stopped"):
        run_resume(run=run, by=None)
    run.state, run.job = RunState.PAUSED, None
    with pytest.raises(Conflict, match="job is gone"):
        run_resume(run=run, by=None)


def test_by_click(run: TrainingRun, admin: Any, curator: Any, client_for: ClientFor) -> None:
    Job.objects.filter(pk=run.job_id).update(state=JobState.QUEUED)
    pause, resume = (reverse(f"training:run_{name}", args=[run.pk]) for name in ("pause", "resume"))
    assert client_for(curator).post(pause).status_code == 404
    page = client_for(admin).post(pause, follow=True).content.decode()
    assert "The run is pausing." in page
    assert "Resume" in page
    page = client_for(admin).post(resume, follow=True).content.decode()
    assert "goes on where it was" in page
    assert "Pause" in page
