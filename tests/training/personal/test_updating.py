"""An update: new interactions become a version that answers, or one that does not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from chat.models import PersonalRoute
from tests.training.personal.conftest import say
from training.errors import TrainingFailed
from training.jobs import run_personal_update
from training.ml.config import HindsightConfig
from training.models import Adapter, AdapterState, Interaction, RunState, TrainingRun
from training.services.personal.serving import personal_serve
from training.services.personal.updating import (
    QUEUE,
    people_to_update,
    personal_update,
    personal_update_all,
)
from training.services.reporting import SilentReporter
from uno_site.accounts.models import User
from uno_site.accounts.services import consent_set, personal_adapter_switch
from uno_site.errors import Conflict
from uno_site.jobs.registry import get_kind
from uno_site.runtime.services import runtime_settings_change

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("scripted", "torch_base", "trainer"),
]


def answers_well(scripted: Any) -> None:
    """Every answer repeats its question, so that it is near to it and unlike the others."""
    scripted.reply = lambda request: (
        f"You ask: {request.messages[-1].content} I say: {request.model}"
    )


def test_eight_interactions_make_a_version_that_answers_its_owner(talkative, scripted) -> None:
    answers_well(scripted)
    assert people_to_update() == [talkative]
    run = personal_update(talkative, SilentReporter())
    assert run is not None
    assert (run.state, run.n_train, run.n_validation) == (RunState.ACCEPTED, 7, 1)
    route = PersonalRoute.objects.get()
    adapter = Adapter.objects.get()
    assert (route.user, route.adapter_id, route.adapter_version) == (talkative, adapter.pk, 1)
    assert (adapter.state, adapter.owner_key) == (AdapterState.SERVED, talkative.pk)
    assert scripted.loaded == {adapter.name: adapter.path}  # the canary's trial is over
    assert run.verification.is_accepted
    assert run.verification.judge == "canary"
    assert people_to_update() == []


def test_its_folder_is_a_hindsight_run_and_keeps_only_what_is_needed(talkative, scripted) -> None:
    answers_well(scripted)
    run = personal_update(talkative, SilentReporter())
    folder = Path(run.folder)
    values = json.loads((folder / "config.json").read_text())
    assert values["kind"] == "hindsight"
    made_for = ("kind", "base_dir", "base_sha256", "seed", "data_hash")
    config = HindsightConfig.from_json({k: v for k, v in values.items() if k not in made_for})
    assert config.hint == "appended"  # the small profile
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    assert {row["follow_up"] for row in rows} == {"Please use bullet points next time."}
    assert all(row["reply_ids"] == [5, 6, 7] for row in rows)
    assert not (folder / "checkpoints").exists()


def test_admins_choose_the_teacher(talkative, scripted, admin) -> None:
    answers_well(scripted)
    runtime_settings_change(values={"hindsight_teacher": "live"}, by=admin)
    assert personal_update(talkative, SilentReporter()).config["teacher"] == "live"


def test_the_name_says_nothing_of_the_person(talkative, scripted) -> None:
    answers_well(scripted)
    run = personal_update(talkative, SilentReporter())
    name = Adapter.objects.get().name
    assert name == f"personal-{run.pk.hex[:16]}"


def test_seven_are_too_few_and_content_does_not_count(owner) -> None:
    for _ in range(7):
        say(owner)
    say(owner, "Thanks!")
    assert people_to_update() == [owner]  # eight that nobody has looked at yet
    assert personal_update(owner, SilentReporter()) is None
    assert people_to_update() == []
    assert not TrainingRun.objects.exists()


def test_an_update_takes_sixteen_at_most_the_oldest_first(owner, scripted) -> None:
    answers_well(scripted)
    replies = [say(owner) for _ in range(20)]
    personal_update(owner, SilentReporter())
    taken = Interaction.objects.exclude(run=None)
    assert {one.reply_id for one in taken} == {reply.pk for reply in replies[: QUEUE.max_new]}
    assert Interaction.objects.waiting().count() == 4


def test_the_next_version_goes_on_from_the_one_that_answers(
    talkative, scripted, monkeypatch
) -> None:
    answers_well(scripted)
    first = personal_update(talkative, SilentReporter()).adapters.get()
    monkeypatch.setattr("training.services.personal.runs.misfit", lambda *_: "")
    for _ in range(8):
        say(talkative)
    run = personal_update(talkative, SilentReporter())
    assert run.config["init_from"] == first.path
    assert run.config["init_sha256"] == first.sha256
    second = run.adapters.get()
    first.refresh_from_db()
    assert (second.version, second.state, first.state) == (2, "served", "retired")
    assert PersonalRoute.objects.get().adapter_id == second.pk
    assert first.name not in scripted.loaded


def test_a_version_that_has_collapsed_does_not_answer(talkative, scripted, version) -> None:
    before = version(talkative, [say(talkative)])
    name = before.name
    scripted.reply = lambda request: (
        "- - -" if "canary" in request.model else f"You ask: {request.messages[-1].content}"
    )
    run = personal_update(talkative, SilentReporter())
    assert run.state == RunState.REFUSED
    assert "Not healthy" in run.verification.reason
    assert PersonalRoute.objects.get().adapter_name == name
    with pytest.raises(Conflict):
        personal_serve(run.adapters.get())


def test_a_run_that_fails_leaves_all_as_it_was_and_is_not_tried_at_once(talkative, trainer) -> None:
    trainer(error="no room")
    with pytest.raises(TrainingFailed):
        personal_update(talkative, SilentReporter())
    assert not PersonalRoute.objects.exists()
    assert Interaction.objects.waiting().count() == 8  # they wait again
    assert people_to_update() == []
    later = timezone.now() - QUEUE.retry_after - timedelta(minutes=1)
    TrainingRun.objects.update(finished_at=later)
    assert people_to_update() == [talkative]


def test_one_persons_failure_holds_up_nobody(talkative, bob, scripted, trainer) -> None:
    trainer(error="no room")
    personal_adapter_switch(user=bob, is_on=True)
    for _ in range(8):
        say(bob)
    told = personal_update_all(SilentReporter())
    assert told == {"runs": {}, "n_failed": 2}


def test_who_does_not_want_it_is_not_learned_from(talkative, admin) -> None:
    runtime_settings_change(values={"personal_adapters": False}, by=admin)
    assert people_to_update() == []
    runtime_settings_change(values={"personal_adapters": True}, by=admin)
    personal_adapter_switch(user=talkative, is_on=False)
    assert people_to_update() == []
    personal_adapter_switch(user=talkative, is_on=True)
    consent_set(user=talkative, has_consented=False)
    assert people_to_update() == []


@pytest.mark.parametrize("how", ["switch", "consent", "server", "account"])
def test_who_changes_their_mind_while_others_train_gets_no_version(
    talkative, bob, admin, scripted, how
) -> None:
    personal_adapter_switch(user=bob, is_on=True)
    for _ in range(8):
        say(bob)
    others: list[User] = []

    def change_mind(request: Any) -> str:
        """While the first of the two is trained, the other one no longer wants it."""
        if not others:
            at_work = TrainingRun.objects.get().owner
            others.append(talkative if at_work == bob else bob)
            give_up(others[0], how, admin)
        return f"You ask: {request.messages[-1].content} I say: {request.model}"

    scripted.reply = change_mind
    told = personal_update_all(SilentReporter())
    assert len(told["runs"]) == 1
    assert others
    assert not TrainingRun.objects.filter(owner=others[0]).exists()


def give_up(user: User, how: str, admin: User) -> None:
    if how == "switch":
        personal_adapter_switch(user=user, is_on=False)
    elif how == "consent":
        consent_set(user=user, has_consented=False)
    elif how == "account":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        runtime_settings_change(values={"personal_adapters": False}, by=admin)


def test_a_change_of_mind_during_the_training_wins(talkative, scripted) -> None:
    answers_well(scripted)

    def withdraw(request: Any) -> str:
        consent_set(user=talkative, has_consented=False)
        return f"You ask: {request.messages[-1].content} I say: {request.model}"

    scripted.reply = withdraw
    with pytest.raises(Conflict):
        personal_update(talkative, SilentReporter())
    assert not PersonalRoute.objects.exists()


def test_the_job_runs_by_itself_when_somebody_is_due(talkative, scripted) -> None:
    kind = get_kind("personal.update")
    assert (kind.queue, kind.every_minutes) == ("train", 5)
    assert kind.has_work is not None
    assert kind.has_work()
    assert kind.handler is run_personal_update
