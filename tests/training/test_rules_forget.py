"""What a withdrawn person said is no longer shown to others as what a route has learned."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from chat.models import Message, ServedRoute
from chat.services.routes import route_table_active
from curation.models import Cluster, Rule
from tests.factories import ClusterFactory, ReplyFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.models import Adapter
from training.services.promotion import promote, rollback
from uno_site.accounts.models import User
from uno_site.jobs.registry import get_kind
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.usefixtures("torch_base")
Make = Callable[..., Adapter]
SAID = "Mister Mueller in bed four must get no penicillin."


@pytest.fixture
def letters(alice: User) -> Cluster:
    """A cluster whose rules are of others, and of alice one that trained nothing yet."""
    cluster = ClusterFactory(name="Letters")
    make_material(cluster, 2)
    make_material(cluster, 1, user=alice)
    Rule.objects.filter(entry__user=alice).update(text=SAID)
    return cluster


@pytest.fixture
def reply(letters: Cluster, make: Make, scripted: ScriptedClient, bob: User) -> Message:
    """An answer to bob, who was told what its route has learned."""
    promote([make(letters)], None)
    route = route_table_active().routes.get()
    assert set(route.rules) == {SAID, "Keep the answer brief."}
    provenance = {"kind": "expert", "rules": route.rules, "model": "m"}
    return ReplyFactory(conversation__user=bob, served_route=route, provenance=provenance)


def withdraw(alice: User) -> None:
    alice.training_consent = False
    alice.save()


def follow() -> None:
    assert get_kind("training.sync_consent").has_work()
    job_run_now(kind="training.sync_consent")
    assert not get_kind("training.sync_consent").has_work()


def told() -> str:
    rules = list(ServedRoute.objects.values_list("rules", flat=True))
    return json.dumps([rules, list(Message.objects.values_list("provenance", flat=True))])


def test_withdrawn_words_leave_routes_and_answers_of_others(reply: Message, alice: User) -> None:
    withdraw(alice)
    follow()
    assert "penicillin" not in told()
    changed = Message.objects.get(pk=reply.pk)
    assert changed.provenance == {**reply.provenance, "rules": ["Keep the answer brief."]}
    assert changed.updated_at == reply.updated_at
    assert route_table_active().routes.get().adapter_name == reply.served_route.adapter_name


def test_deleting_the_log_does_so_too_in_older_tables_as_well(
    reply: Message, alice: User, make: Make, letters: Cluster
) -> None:
    promote([make(letters)], None)
    Rule.objects.filter(text=SAID).get().entry.delete()
    follow()
    rollback(None)
    assert "penicillin" not in told()


def test_what_is_still_said_stays(reply: Message) -> None:
    Rule.objects.filter(text=SAID).update(text="Mind bed four.", original_text=SAID)
    assert not get_kind("training.sync_consent").has_work()
    job_run_now(kind="training.sync_consent")
    assert "penicillin" in told()
