"""A check that could not be done is done later, and what was trained is not trained again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import PersonalRoute
from tests.training.personal.conftest import say
from training.errors import TrainingFailed
from training.models import Adapter, Interaction, RunState, TrainingRun
from training.services.personal.runs import CHECK_AGAIN_AFTER, unchecked_run
from training.services.personal.updating import people_to_update, personal_update
from training.services.reporting import SilentReporter
from training.services.runs import runs_settle
from uno_site.accounts.models import User
from uno_site.accounts.services import personal_adapter_switch
from uno_site.inference.errors import AdapterInvalid, EngineUnreachable
from uno_site.jobs.models import Job, JobState

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("scripted", "torch_base"),
]


def make_job(state: str = JobState.RUNNING) -> Job:
    return Job.objects.create(kind="personal.update", state=state)


def answers_well(request: Any) -> str:
    return f"You ask: {request.messages[-1].content} I say: {request.model}"


def is_away(request: Any) -> str:
    raise EngineUnreachable("Nobody answers.")


def let_time_pass(run: TrainingRun) -> None:
    later = timezone.now() - CHECK_AGAIN_AFTER - timedelta(seconds=1)
    TrainingRun.objects.filter(pk=run.pk).update(updated_at=later)


@pytest.fixture
def unchecked(talkative: User, scripted: Any, trainer: Any) -> TrainingRun:
    """A trained run whose check could not be done; whoever trains now fails."""
    scripted.reply = is_away
    job = make_job()
    with pytest.raises(EngineUnreachable):
        personal_update(talkative, SilentReporter(), job)
    Job.objects.update(state=JobState.SUCCEEDED)
    run = TrainingRun.objects.get()
    assert run.state == RunState.TRAINED
    trainer(error="it was trained again")
    scripted.reply = answers_well
    return run


@pytest.mark.parametrize("is_settled", [False, True])
def test_the_next_job_does_the_check_only(talkative, unchecked: TrainingRun, is_settled) -> None:
    if is_settled:
        assert runs_settle() == 1
    assert people_to_update() == []  # the engine gets a while to come back
    let_time_pass(unchecked)
    assert people_to_update() == [talkative]
    job = make_job()
    run = personal_update(talkative, SilentReporter(), job)
    assert run == unchecked
    assert (run.state, run.job, run.error) == (RunState.ACCEPTED, job, "")
    assert PersonalRoute.objects.get().adapter_id == run.adapters.get().pk
    assert people_to_update() == []


def test_one_that_another_job_is_at_work_on_is_left_to_it(talkative, unchecked) -> None:
    Job.objects.update(state=JobState.RUNNING)
    let_time_pass(unchecked)
    assert people_to_update() == []
    own = TrainingRun.objects.personal(talkative.pk)
    assert unchecked_run(own, "run", make_job()) is None


def test_the_job_that_was_broken_off_takes_it_up_itself(talkative, unchecked) -> None:
    Job.objects.update(state=JobState.RUNNING)
    run = personal_update(talkative, SilentReporter(), Job.objects.get())
    assert run == unchecked
    assert run.state == RunState.ACCEPTED


def test_without_all_that_it_learned_another_is_trained(talkative, unchecked, trainer) -> None:
    Interaction.objects.earliest("created_at").reply.conversation.delete()
    say(talkative)
    runs_settle()
    let_time_pass(unchecked)
    trainer()
    run = personal_update(talkative, SilentReporter(), make_job())
    assert run != unchecked
    assert run.state == RunState.ACCEPTED


def test_a_run_that_failed_to_train_is_not_checked(talkative, trainer) -> None:
    trainer(error="no room")
    with pytest.raises(TrainingFailed):
        personal_update(talkative, SilentReporter(), make_job())
    let_time_pass(TrainingRun.objects.get())
    assert people_to_update() == []


def test_what_the_engine_refuses_is_not_tried_for_ever(talkative, unchecked, scripted) -> None:
    def refuse(request: Any) -> str:
        raise AdapterInvalid("Another base model's.")

    scripted.reply = refuse
    let_time_pass(unchecked)
    with pytest.raises(AdapterInvalid):
        personal_update(talkative, SilentReporter(), make_job())
    unchecked.refresh_from_db()
    assert unchecked.state == RunState.FAILED
    assert "Another base model's" in unchecked.error
    let_time_pass(unchecked)
    assert people_to_update() == []  # a day later another is trained


def test_switched_off_it_is_not_checked_either(talkative, unchecked) -> None:
    personal_adapter_switch(user=talkative, is_on=False)
    let_time_pass(unchecked)
    assert people_to_update() == []
    assert personal_update(talkative, SilentReporter(), make_job()) is None
    assert not Adapter.objects.exists()
    personal_adapter_switch(user=talkative, is_on=True)
    assert personal_update(talkative, SilentReporter(), make_job()) == unchecked
