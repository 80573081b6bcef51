"""A check of the shared adapter that could not be done is done later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import SharedRoute
from tests.training.conftest import BASE_SHA256, make_adapter
from training.models import Adapter, RunState, TrainingRun
from training.services.personal.runs import CHECK_AGAIN_AFTER, unchecked_run
from training.services.reporting import SilentReporter
from training.services.runs import runs_settle
from training.services.shared.updating import shared_is_due, shared_update
from uno_site.accounts.services import consent_set
from uno_site.inference.errors import EngineUnreachable
from uno_site.jobs.models import Job, JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def unchecked(talk: Any, update: Any, scripted: Any, trainer: Any) -> TrainingRun:
    """A trained run whose check could not be done; whoever trains now fails."""

    def is_away(request: Any) -> str:
        raise EngineUnreachable("Nobody answers.")

    reply, scripted.reply = scripted.reply, is_away
    job = Job.objects.create(kind="shared.update", state=JobState.RUNNING)
    with pytest.raises(EngineUnreachable):
        shared_update(SilentReporter(), job)
    Job.objects.update(state=JobState.FAILED)
    assert runs_settle() == 1
    trainer(error="it was trained again")
    scripted.reply = reply
    run = TrainingRun.objects.get()
    assert run.state == RunState.FAILED
    return run


def let_time_pass() -> None:
    later = timezone.now() - CHECK_AGAIN_AFTER - timedelta(seconds=1)
    TrainingRun.objects.update(updated_at=later)


def test_the_next_job_does_the_check_only(unchecked: TrainingRun) -> None:
    assert not shared_is_due()
    let_time_pass()
    assert shared_is_due()
    job = Job.objects.create(kind="shared.update", state=JobState.RUNNING)
    run = shared_update(SilentReporter(), job)
    assert run == unchecked
    assert (run.state, run.job) == (RunState.ACCEPTED, job)
    assert SharedRoute.objects.get().adapter_id == run.adapters.get().pk


def test_not_where_somebody_withdrew(unchecked: TrainingRun, bob) -> None:
    consent_set(user=bob, has_consented=False)
    let_time_pass()
    assert not shared_is_due()
    assert shared_update(SilentReporter()) is None  # one person alone teaches nothing
    assert not Adapter.objects.exists()


def test_nor_where_the_version_before_was_flagged(unchecked: TrainingRun, data_dir) -> None:
    folder = str(data_dir / "runs" / "before")
    run = TrainingRun.objects.create(
        kind="hindsight", state=RunState.ACCEPTED, folder=folder, base_sha256=BASE_SHA256
    )
    TrainingRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=1))
    before = make_adapter(None, data_dir, run=run, is_tainted=True)
    TrainingRun.objects.filter(pk=unchecked.pk).update(config={"init_from": before.path})
    let_time_pass()
    assert unchecked_run(TrainingRun.objects.shared(), "shared_run") is None
    assert not shared_is_due()
