"""Many people's interactions become a version that answers everybody, or one that does not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from chat.models import SharedRoute
from chat.services.shared import shared_adapters, shared_route_active
from tests.factories import UserFactory
from tests.training.personal.conftest import say
from training.models import Adapter, AdapterState, Interaction, RunState
from training.services.reporting import SilentReporter
from training.services.shared.serving import shared_serve, shared_take_off
from training.services.shared.updating import POLICY, shared_is_due, shared_update
from uno_site.accounts.services import consent_set
from uno_site.errors import Conflict
from uno_site.jobs.registry import get_kind
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db


def test_what_two_people_said_makes_a_version_that_answers_everybody(
    talk, update, scripted
) -> None:
    assert shared_is_due()
    run = update()
    assert (run.state, run.n_train, run.n_validation) == (RunState.ACCEPTED, 14, 2)
    adapter = Adapter.objects.get()
    assert (adapter.state, adapter.owner_key, adapter.version) == (AdapterState.SERVED, None, 1)
    assert adapter.name == f"shared-{run.pk.hex[:16]}"
    assert SharedRoute.objects.get().adapter_id == adapter.pk
    assert shared_adapters() == {adapter.name: adapter.path} == scripted.loaded
    assert run.verification.judge == "canary"
    assert not shared_is_due()


def test_the_next_version_goes_on_from_the_one_that_answers(served, alice, bob, update) -> None:
    for user in (alice, bob):
        for _ in range(8):
            say(user)
    run = update()
    second = run.adapters.get()
    served.refresh_from_db()
    assert (second.version, second.state, served.state) == (2, "served", "retired")
    assert run.config["init_sha256"] == served.sha256
    assert SharedRoute.objects.get().adapter_id == second.pk


def test_one_person_alone_teaches_nothing(alice, switched_on, update) -> None:
    for _ in range(POLICY.max_new):
        say(alice)
    assert not shared_is_due()
    assert shared_update(SilentReporter()) is None
    assert not Adapter.objects.exists()


def test_nobody_outweighs_the_others(alice, bob, switched_on, update) -> None:
    for _ in range(20):
        say(alice)
    for user in (bob, UserFactory(training_consent=True)):
        for _ in range(5):
            say(user)
    run = update()
    counts = Counter(run.shared_interactions.values_list("user", flat=True))
    assert sorted(counts.values()) == [5, 5, POLICY.max_per_person]


def test_who_does_not_agree_is_not_learned_from(talk, bob, update) -> None:
    consent_set(user=bob, has_consented=False)
    assert not shared_is_due()
    assert shared_update(SilentReporter()) is None


def test_it_learns_beside_peoples_own_adapters(talk, alice, update) -> None:
    update()
    own = Interaction.objects.visible_to(alice)
    assert own.waiting().count() == 8  # for her own adapter they wait as before
    assert own.waiting_for_all().count() == 0


def test_rows_do_not_name_people(talk, update, alice, bob) -> None:
    run = update()
    text = "".join(path.read_text() for path in Path(run.folder).glob("*.jsonl"))
    assert json.loads(text.splitlines()[0])
    for user in (alice, bob):
        assert user.username not in text
        assert str(user.pk) not in text


def test_a_version_that_has_collapsed_does_not_answer(served, alice, bob, update, scripted) -> None:
    for user in (alice, bob):
        for _ in range(8):
            say(user)
    scripted.reply = lambda request: (
        "- - -" if "canary" in request.model else f"You ask: {request.messages[-1].content}"
    )
    run = update()
    assert run.state == RunState.REFUSED
    assert SharedRoute.objects.get().adapter_id == served.pk
    with pytest.raises(Conflict):
        shared_serve(run.adapters.get())


def test_switched_off_it_neither_learns_nor_answers(served, admin) -> None:
    runtime_settings_change(values={"shared_adapter": False}, by=admin)
    assert shared_route_active() is None
    assert shared_adapters() == {}
    with pytest.raises(Conflict):
        shared_update(SilentReporter())


def test_off_is_the_default(db) -> None:
    assert not shared_is_due()
    assert shared_route_active() is None


def test_taking_it_off_and_going_back(served, alice, bob, update, admin, scripted) -> None:
    for user in (alice, bob):
        for _ in range(8):
            say(user)
    second = update().adapters.get()
    shared_serve(served, admin)
    states = dict(Adapter.objects.values_list("version", "state"))
    assert states == {1: "served", 2: "retired"}
    assert second.name not in scripted.loaded
    assert shared_take_off(admin)
    assert not shared_take_off(admin)
    assert shared_route_active() is None
    assert not Adapter.objects.filter(state="served").exists()
    assert scripted.loaded == {}


def test_the_job_runs_by_itself(talk) -> None:
    kind = get_kind("shared.update")
    assert (kind.queue, kind.every_minutes) == ("train", 5)
    assert kind.has_work is not None
    assert kind.has_work()
