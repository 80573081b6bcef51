"""What is deleted while a version is checked is neither served nor left on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.models import PersonalRoute
from chat.services.conversations import conversation_delete
from tests.training.personal.conftest import say
from training.models import Adapter, Interaction, RunState, TrainingRun
from training.services.personal.forgetting import has_to_forget, personal_forget, personal_sync
from training.services.personal.updating import personal_update
from training.services.reporting import SilentReporter
from uno_site.accounts.models import User
from uno_site.errors import Conflict
from uno_site.jobs.context import JobCancelled, JobContext
from uno_site.jobs.models import Job, JobState

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("scripted", "torch_base", "trainer"),
]
Act = Callable[[User], Any]


def delete_a_chat(user: User) -> None:
    """Delete one of the chats that the version learned from, and follow it."""
    learned = Interaction.objects.exclude(run=None).filter(user=user).earliest("created_at")
    assert learned.reply is not None
    conversation_delete(conversation=learned.reply.conversation)
    personal_sync()


def delete_it(user: User) -> None:
    """As *Delete my adapter* does."""
    personal_forget(user.pk, by=user)


@pytest.fixture
def job(db: None) -> Job:
    """The update's job, at work."""
    return Job.objects.create(kind="personal.update", state=JobState.RUNNING, claim="this process")


def act_while_checked(scripted: Any, act: Callable[[], Any]) -> None:
    """Every answer is healthy; before the new version's first, ``act`` is done."""
    done: list[Any] = []

    def reply(request: Any) -> str:
        if "canary" in request.model and not done:
            done.append(True)
            act()
        return f"You ask: {request.messages[-1].content} I say: {request.model}"

    scripted.reply = reply


@pytest.mark.parametrize("act", [delete_a_chat, delete_it])
def test_the_check_stops_and_nothing_is_registered(talkative, scripted, job: Job, act: Act) -> None:
    act_while_checked(scripted, lambda: act(talkative))
    with pytest.raises(JobCancelled):
        personal_update(talkative, JobContext(job), job)
    run = TrainingRun.objects.get()
    assert run.state == RunState.CANCELLED
    assert not Adapter.objects.exists()
    assert has_to_forget()
    personal_sync()
    assert not Path(run.folder).exists()
    assert not has_to_forget()


@pytest.mark.parametrize("act", [delete_a_chat, delete_it])
def test_a_version_that_was_registered_all_the_same_goes_with_its_folder(
    talkative, scripted, job: Job, act: Act
) -> None:
    act_while_checked(scripted, lambda: act(talkative))
    with pytest.raises(Conflict):
        personal_update(talkative, SilentReporter(), job)  # it never looks at the request
    folders = [Path(Adapter.objects.get().path), Path(TrainingRun.objects.get().folder)]
    assert has_to_forget()
    personal_sync()
    assert not any(folder.exists() for folder in folders)
    assert not Adapter.objects.exists()
    assert not TrainingRun.objects.exists()
    assert not has_to_forget()


def test_one_that_answers_goes_as_well_and_the_one_before_answers(owner, version) -> None:
    first = version(owner, [say(owner)])
    second = version(owner, [say(owner)])
    Interaction.objects.filter(run=second.run).delete()
    assert personal_sync()["n_versions"] == 1
    assert list(Adapter.objects.all()) == [first]
    assert PersonalRoute.objects.get().adapter_id == first.pk
