"""What is deleted while the next version is checked is not served with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat.models import SharedRoute
from chat.services.conversations import conversation_delete
from tests.training.personal.conftest import say
from training.models import Adapter, Interaction, RunState, TrainingRun
from training.services.reporting import SilentReporter
from training.services.shared.forgetting import broken_runs, shared_sync
from training.services.shared.serving import shared_serve
from training.services.shared.updating import shared_update
from uno_site.errors import Conflict
from uno_site.jobs.context import JobCancelled, JobContext
from uno_site.jobs.models import Job, JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(served: Adapter, alice: Any, bob: Any, talk: Any, scripted: Any) -> Job:
    """The job of an update that goes on from the first version; while the second is checked,
    bob deletes a chat that the first learned, and it is followed."""
    for user in (alice, bob):
        for _ in range(8):
            say(user)
    done: list[Any] = []

    def reply(request: Any) -> str:
        if "canary" in request.model and not done:
            done.append(True)
            conversation_delete(conversation=talk[bob.username][0].conversation)
            shared_sync()
        return f"You ask: {request.messages[-1].content} I say: {request.model}"

    scripted.reply = reply
    return Job.objects.create(kind="shared.update", state=JobState.RUNNING, claim="this process")


def check_nothing_is_left() -> None:
    assert not SharedRoute.objects.exists()
    assert not broken_runs().exists()
    assert not Adapter.objects.filter(is_tainted=False).exists()
    assert Interaction.objects.waiting_for_all().count() == 31
    assert shared_sync() == {"n_runs": 0, "n_tainted": 0, "n_taken_off": 0}


def test_the_check_stops_and_nothing_is_registered(served, job: Job) -> None:
    with pytest.raises(JobCancelled):
        shared_update(JobContext(job), job)
    run = TrainingRun.objects.get(job=job)
    assert run.state == RunState.CANCELLED
    assert Adapter.objects.count() == 1
    assert broken_runs().get() == run
    shared_sync()
    assert not Path(run.folder).exists()
    check_nothing_is_left()


def test_a_version_that_was_registered_all_the_same_is_flagged(served, job: Job) -> None:
    with pytest.raises(Conflict, match="withdrawn or deleted"):
        shared_update(SilentReporter(), job)  # it never looks at the request
    second = Adapter.objects.get(version=2)
    assert not second.is_tainted
    assert broken_runs().get() == second.run
    assert shared_sync() == {"n_runs": 1, "n_tainted": 1, "n_taken_off": 0}
    with pytest.raises(Conflict):
        shared_serve(second)
    check_nothing_is_left()


def test_one_that_was_served_all_the_same_is_taken_off(
    served, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.services.shared.serving._check", lambda _: None)
    run = shared_update(SilentReporter(), job)
    assert run is not None
    assert SharedRoute.objects.get().adapter_version == 2
    assert shared_sync() == {"n_runs": 1, "n_tainted": 1, "n_taken_off": 1}
    check_nothing_is_left()
