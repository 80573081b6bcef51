"""A run is paused, resumed and cancelled; what it has learned so far is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster
from tests.scripted import ScriptedClient
from training.models import Adapter, RunState, TrainingRun
from training.services.execution import run_execute
from training.services.run_control import can_resume, run_cancel, run_pause, run_resume
from training.services.runs import abandoned_runs, run_create, run_folder
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict
from uno_site.jobs.context import JobCancelled, JobContext
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.registry import get_kind

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


def test_what_goes_on_cannot_be_resumed(run: TrainingRun) -> None:
    assert not can_resume(run)
    with pytest.raises(Conflict, match="has not stopped"):
        run_resume(run=run, by=None)


def fail(run: TrainingRun, job_state: str | None, **values: Any) -> TrainingRun:
    """The run failed, and its job ended in the state; None: the job is gone."""
    Job.objects.filter(pk=run.job_id).update(state=job_state or JobState.SUCCEEDED)
    if job_state is None:
        Job.objects.all().delete()
    TrainingRun.objects.filter(pk=run.pk).update(state=RunState.FAILED, **values)
    return TrainingRun.objects.select_related("job").get(pk=run.pk)


def mark_trained(run: TrainingRun) -> None:
    run_folder(run).write_json("result.json", {"epochs": []})


OVER = [JobState.SUCCEEDED, None]


@pytest.mark.parametrize("job_state", OVER)
@pytest.mark.parametrize("kind", ["expert", "critic", "sft", "ensemble"])
def test_what_is_trained_is_verified_by_a_new_job(
    run: TrainingRun, kind: str, job_state: str | None
) -> None:
    mark_trained(run)
    run = fail(run, job_state, kind=kind)
    assert can_resume(run)
    run_resume(run=run, by=None)
    run.refresh_from_db()
    assert (run.state, run.job.state) == (RunState.QUEUED, JobState.QUEUED)
    assert (run.job.kind, run.job.params) == ("training.verify", {"run": str(run.pk)})
    assert not abandoned_runs().exists()
    assert not can_resume(run)


def test_what_is_half_trained_goes_on_in_a_new_job(
    run: TrainingRun, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fail(run, JobState.SUCCEEDED)
    run_resume(run=run, by=None)
    run.refresh_from_db()
    assert run.job.params == {"cluster": str(run.cluster_id), "kind": "expert"}
    verified = []
    monkeypatch.setattr("training.services.paths.run_verify", lambda run, _: verified.append(run))
    get_kind(run.job.kind).handler(JobContext(run.job))
    assert verified == list(TrainingRun.objects.all()) == [run]


@pytest.mark.parametrize(
    ("kind", "is_personal", "job_kind"),
    [
        ("dpo", False, "edits.learn"),
        ("hindsight", False, "shared.update"),
        ("hindsight", True, "personal.update"),
    ],
)
def test_runs_of_no_cluster_go_on_too(
    run: TrainingRun, alice: User, kind: str, is_personal: bool, job_kind: str
) -> None:
    owner = {"owner": alice, "owner_key": alice.pk} if is_personal else {}
    run = fail(run, JobState.SUCCEEDED, kind=kind, cluster=None, **owner)
    assert can_resume(run)
    run_resume(run=run, by=None)
    run.refresh_from_db()
    assert (run.job.kind, run.job.state) == (job_kind, JobState.QUEUED)


@pytest.mark.parametrize("values", [{"kind": "common"}, {"cluster": None}])
def test_what_nothing_goes_on_with_has_no_button(
    run: TrainingRun, values: dict[str, Any], admin: User, client_for: ClientFor
) -> None:
    run = fail(run, JobState.SUCCEEDED, **values)
    assert not can_resume(run)
    with pytest.raises(Conflict, match="no other goes on with it"):
        run_resume(run=run, by=None)
    page = client_for(admin).get(reverse("training:run_detail", args=[run.pk])).content.decode()
    assert reverse("training:run_resume", args=[run.pk]) not in page


def test_what_began_with_what_was_withdrawn_has_no_button(
    run: TrainingRun, make: Callable[..., Adapter], ready_cluster: Cluster
) -> None:
    start = make(ready_cluster, is_tainted=True)
    run = fail(run, JobState.FAILED, config={**run.config, "init_from": start.path})
    assert not can_resume(run)


def test_the_button_of_what_could_not_be_verified(
    run: TrainingRun, admin: User, client_for: ClientFor
) -> None:
    mark_trained(run)
    run = fail(run, JobState.SUCCEEDED)
    resume = reverse("training:run_resume", args=[run.pk])
    page = client_for(admin).get(reverse("training:run_detail", args=[run.pk])).content.decode()
    assert resume in page
    page = client_for(admin).post(resume, follow=True).content.decode()
    assert "goes on where it was" in page


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
