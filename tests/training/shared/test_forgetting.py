"""What somebody withdraws or deletes flags the shared versions that learned from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chat.models import SharedRoute
from chat.services.conversations import conversation_delete
from tests.factories import UserFactory
from tests.training.personal.conftest import say
from training.models import Adapter, Interaction, RunState, TrainingRun
from training.services.personal.forgetting import personal_forget, personal_sync
from training.services.publishing import publish
from training.services.shared.forgetting import broken_runs, shared_sync
from training.services.shared.serving import shared_serve
from training.services.shared.updating import shared_is_due
from uno_site.accounts.services import consent_set
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db


def rows(run: TrainingRun) -> list[str]:
    """The ids of the rows in a run's folder."""
    found = []
    for name in ("train", "validation", "prompts"):
        text = Path(run.folder, f"{name}.jsonl").read_text()
        found += [json.loads(line)["id"] for line in text.splitlines()]
    return [one for one in found if not one.startswith("neutral")]


def test_while_all_is_there_nothing_happens(served) -> None:
    assert not broken_runs().exists()
    assert shared_sync() == {"n_runs": 0, "n_tainted": 0, "n_taken_off": 0}


def test_withdrawing_consent_takes_it_off(served, alice, bob, talk, scripted) -> None:
    consent_set(user=bob, has_consented=False)
    assert broken_runs().exists()
    assert shared_sync() == {"n_runs": 1, "n_tainted": 1, "n_taken_off": 1}
    served.refresh_from_db()
    assert served.is_tainted
    assert not SharedRoute.objects.exists()
    assert scripted.loaded == {}
    theirs = {str(reply.pk) for reply in talk[bob.username]}
    left = rows(served.run)
    assert left
    assert not any(one.split("/")[0] in theirs for one in left)
    assert not broken_runs().exists()
    with pytest.raises(Conflict):
        shared_serve(served)


def test_what_the_others_said_is_learned_anew(served, bob, alice, update) -> None:
    consent_set(user=bob, has_consented=False)
    personal_sync()
    shared_sync()
    assert Interaction.objects.waiting_for_all().filter(user=alice).count() == 8
    charlie = UserFactory(training_consent=True)
    for _ in range(8):
        say(charlie)
    assert shared_is_due()
    run = update()
    assert "init_sha256" not in {k for k, v in run.config.items() if v}  # from nothing
    assert SharedRoute.objects.get().adapter_version == 2


@pytest.mark.parametrize("how", ["chat", "reply", "queue", "account"])
def test_every_way_of_deleting_is_seen(served, bob, talk, how) -> None:
    reply = talk[bob.username][3]
    if how == "chat":
        conversation_delete(conversation=reply.conversation)
    elif how == "reply":
        reply.is_withdrawn = True
        reply.save()
    elif how == "queue":
        personal_forget(bob.pk, by=bob)
    else:
        bob.delete()
    personal_sync()
    assert shared_sync()["n_tainted"] == 1
    served.refresh_from_db()
    assert served.is_tainted
    assert not any(one.startswith(str(reply.pk)) for one in rows(served.run))
    assert shared_sync() == {"n_runs": 0, "n_tainted": 0, "n_taken_off": 0}


def test_only_versions_since_are_flagged_and_the_one_before_answers(
    served, alice, bob, update
) -> None:
    late = [say(user) for user in (alice, bob) for _ in range(8)]
    second = update().adapters.get()
    conversation_delete(conversation=late[-1].conversation)
    assert shared_sync() == {"n_runs": 1, "n_tainted": 1, "n_taken_off": 1}
    second.refresh_from_db()
    served.refresh_from_db()
    assert (second.is_tainted, served.is_tainted) == (True, False)
    assert SharedRoute.objects.get().adapter_id == served.pk
    waiting = Interaction.objects.waiting_for_all()
    assert waiting.count() == 15  # of the second update, without the one that is gone


def test_versions_that_went_on_from_it_are_flagged_too(served, alice, bob, talk, update) -> None:
    for user in (alice, bob):
        for _ in range(8):
            say(user)
    update()
    conversation_delete(conversation=talk[alice.username][0].conversation)
    assert shared_sync()["n_tainted"] == 2
    assert not SharedRoute.objects.exists()
    assert Interaction.objects.waiting_for_all().count() == 31


def test_a_failed_run_of_which_something_is_gone_goes_with_its_folder(served, bob) -> None:
    run = served.run
    served.delete()
    TrainingRun.objects.update(state=RunState.FAILED)
    SharedRoute.objects.all().delete()
    consent_set(user=bob, has_consented=False)
    shared_sync()
    assert not Path(run.folder).exists()
    assert not TrainingRun.objects.exists()


def test_publishing_routes_leaves_it_as_it_is(served, scripted) -> None:
    publish(list, action="promote", by=None, reason="none")
    assert Adapter.objects.get().state == "served"
    assert served.name in scripted.loaded
