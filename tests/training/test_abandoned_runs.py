"""A run whose job has ended without it does not block its cluster for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import ClusterFactory
from tests.training.conftest import make_run
from training.models import RunState
from training.services.runs import abandoned_runs, runs_settle
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.services import job_run_now


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_run_whose_job_goes_on_is_left_alone(db: None, data_dir: Path, state: str) -> None:
    job = Job.objects.create(kind="training.run", state=state)
    make_run(ClusterFactory(), data_dir, state=RunState.TRAINING, job=job)
    assert not abandoned_runs().exists()


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.SUCCEEDED])
def test_a_run_whose_job_has_ended_is_settled(db: None, data_dir: Path, state: str) -> None:
    job = Job.objects.create(kind="training.run", state=state)
    run = make_run(ClusterFactory(), data_dir, state=RunState.VERIFYING, job=job)
    assert runs_settle() == 1
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "ended without a word" in run.error
    assert runs_settle() == 0


def test_a_reason_that_is_known_is_kept(db: None, data_dir: Path) -> None:
    job = Job.objects.create(kind="training.run", state=JobState.FAILED)
    values = {"state": RunState.TRAINED, "error": "It could not be verified yet: no engine."}
    run = make_run(ClusterFactory(), data_dir, job=job, **values)
    assert job_run_now(kind="training.settle").result == {"n_settled": 1}
    run.refresh_from_db()
    assert run.error == "It could not be verified yet: no engine."


def test_a_finished_run_is_not_touched(db: None, data_dir: Path) -> None:
    make_run(ClusterFactory(), data_dir, state=RunState.ACCEPTED)
    assert runs_settle() == 0
