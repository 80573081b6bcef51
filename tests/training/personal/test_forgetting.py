"""What is deleted or withdrawn goes out of a personal adapter, with all its files."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from chat.models import PersonalRoute
from chat.services.conversations import conversation_delete
from tests.factories import UserFactory
from tests.training.personal.conftest import say
from training.models import Adapter, Interaction, RunState, TrainingRun
from training.services.personal.forgetting import has_to_forget, personal_forget, personal_sync
from training.services.personal.serving import MAX_LOADED, personal_serve, personal_unload_idle
from training.services.publishing import publish
from uno_site.accounts.services import consent_set, personal_adapter_switch
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db


def test_deleting_it_leaves_no_row_and_no_file(owner, scripted, version) -> None:
    adapter = version(owner, [say(owner)])
    folders = [Path(adapter.path), Path(adapter.run.folder)]
    assert all(folder.exists() for folder in folders)
    totals = personal_forget(owner.pk, by=owner)
    assert totals == {"n_adapters": 1, "n_interactions": 1, "n_runs": 1}
    assert not any(folder.exists() for folder in folders)
    models = (Adapter, TrainingRun, Interaction, PersonalRoute)
    assert not any(model.objects.exists() for model in models)
    assert scripted.loaded == {}


def test_it_leaves_other_peoples_alone(owner, bob, version) -> None:
    personal_adapter_switch(user=bob, is_on=True)
    version(owner, [say(owner)])
    theirs = version(bob, [say(bob)])
    personal_forget(owner.pk)
    assert list(Adapter.objects.all()) == [theirs]
    assert PersonalRoute.objects.get().user == bob
    assert Path(theirs.path).exists()


def test_withdrawing_consent_forgets_everything(owner, version) -> None:
    adapter = version(owner, [say(owner)])
    assert not has_to_forget()
    consent_set(user=owner, has_consented=False)
    assert has_to_forget()
    assert personal_sync()["n_people"] == 1
    assert not Adapter.objects.exists()
    assert not Path(adapter.path).exists()
    assert not has_to_forget()


def test_switching_off_keeps_it(owner, version) -> None:
    version(owner, [say(owner)])
    personal_adapter_switch(user=owner, is_on=False)
    assert not has_to_forget()
    assert Adapter.objects.exists()


def test_a_person_who_is_gone_leaves_no_adapter(owner, version) -> None:
    adapter = version(owner, [say(owner)])
    folders = [Path(adapter.path), Path(adapter.run.folder)]
    owner.delete()
    assert has_to_forget()
    personal_sync()
    assert not any(folder.exists() for folder in folders)
    assert not TrainingRun.objects.exists()
    assert not has_to_forget()


def test_a_deleted_chat_takes_the_versions_since_with_it(owner, version) -> None:
    replies = [say(owner) for _ in range(3)]
    first, second, third = (version(owner, [reply]) for reply in replies)
    conversation_delete(conversation=replies[1].conversation)
    assert personal_sync()["n_versions"] == 2
    assert list(Adapter.objects.all()) == [first]
    assert PersonalRoute.objects.get().adapter_id == first.pk
    assert not Path(second.path).exists()
    assert not Path(third.path).exists()
    waiting = Interaction.objects.waiting()  # what the third had learned is learned anew
    assert [one.reply for one in waiting] == [replies[2]]
    assert Interaction.objects.count() == 2
    assert not has_to_forget()


def test_a_reply_taken_out_of_the_learning_is_as_good_as_deleted(owner, version) -> None:
    reply = say(owner)
    version(owner, [reply])
    reply.is_withdrawn = True
    reply.save()
    personal_sync()
    assert not Adapter.objects.exists()
    assert not PersonalRoute.objects.exists()


def test_a_version_that_learned_what_is_gone_can_no_longer_be_served(owner, version) -> None:
    reply = say(owner)
    adapter = version(owner, [reply], is_served=False)
    reply.conversation.delete()
    with pytest.raises(Conflict):
        personal_serve(adapter)
    Interaction.objects.all().delete()  # as the sync does, in the middle of an update
    with pytest.raises(Conflict):
        personal_serve(adapter)


def test_a_run_at_work_is_stopped_first(owner, version) -> None:
    adapter = version(owner, [say(owner)])
    folder = Path(adapter.run.folder)
    TrainingRun.objects.update(state=RunState.TRAINING)  # of no job: nobody works on it
    personal_forget(owner.pk)
    assert not TrainingRun.objects.exists()
    assert not folder.exists()


def test_publishing_routes_leaves_personal_adapters_as_they_are(owner, scripted, version) -> None:
    adapter = version(owner, [say(owner)])
    publish(list, action="promote", by=None, reason="none")
    adapter.refresh_from_db()
    assert adapter.state == "served"
    assert adapter.name in scripted.loaded


def test_the_engine_lets_go_of_those_that_nobody_uses(owner, scripted, version, settings) -> None:
    adapter = version(owner, [say(owner)])
    assert personal_unload_idle() == 0
    for number in range(MAX_LOADED):
        PersonalRoute.objects.create(
            user=UserFactory(),
            adapter_id=adapter.pk,
            adapter_name=f"other-{number}",
            adapter_version=1,
            adapter_path="x",
            used_at=timezone.now(),
        )
    assert personal_unload_idle() == 1
    assert adapter.name not in scripted.loaded
    assert PersonalRoute.objects.get(user=owner).used_at is None
