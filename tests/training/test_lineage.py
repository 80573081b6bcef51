"""From an answer to the messages behind it, and from a message to the answers it changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Message, RouteTable, ServedRoute
from curation.models import Cluster, LogEntry
from tests.factories import ClusterFactory, ReplyFactory, centroid_bytes
from tests.training.test_learned_page import make_entry
from training.models import Adapter, TrainingExample
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
Make = Callable[..., Adapter]
SignIn = Callable[[User], Client]


def learn(adapter: Adapter, entry: LogEntry, split: str = "train") -> None:
    TrainingExample.objects.create(
        run=adapter.run, entry=entry, entry_key=entry.pk, pair=entry.pairs.get(), split=split
    )


def answer(user: User, adapter: Adapter, kind: str = "expert") -> Message:
    """A reply by the adapter's route, or by the base model in its place."""
    table, _ = RouteTable.objects.get_or_create(version=1, is_active=True)
    route, _ = ServedRoute.objects.get_or_create(
        table=table,
        cluster_id=adapter.cluster_id,
        defaults={
            "kind": "expert",
            "centroid": centroid_bytes(),
            "adapter_id": adapter.pk,
            "adapter_name": adapter.name,
        },
    )
    adapter_id = str(adapter.pk) if kind != "base" else None
    return ReplyFactory(
        conversation__user=user,
        parent__content="How do I wake up?",
        served_route=route,
        provenance={"kind": kind, "adapter_id": adapter_id},
    )


@pytest.fixture
def cluster() -> Cluster:
    return ClusterFactory(name="Sleep")


@pytest.fixture
def adapter(cluster: Cluster, make: Make) -> Adapter:
    return make(cluster)


def sources(client: Client, message: Message) -> str:
    return client.get(reverse("training:answer_sources", args=[message.pk])).content.decode()


def changed(client: Client, entry: LogEntry, **headers: str) -> str:
    url = reverse("training:entry_answers", args=[entry.pk])
    return client.get(url, headers=headers).content.decode()


def test_an_answer_shows_ones_own_messages_and_counts_the_others(
    alice: User, bob: User, cluster: Cluster, adapter: Adapter, client_for: SignIn
) -> None:
    learn(adapter, make_entry(alice, cluster, "How do I sleep better?"))
    learn(adapter, make_entry(bob, cluster, "Why do I snore?"))
    learn(adapter, make_entry(alice, cluster, "Is coffee bad?"), split="validation")
    page = sources(client_for(alice), answer(alice, adapter))
    assert "How do I sleep better?" in page
    assert "1 message of somebody else" in page
    assert "Why do I snore?" not in page
    assert "Is coffee bad?" not in page


def test_a_curator_reads_those_of_all_who_agree(
    alice: User, bob: User, curator: User, cluster: Cluster, adapter: Adapter, client_for: SignIn
) -> None:
    learn(adapter, make_entry(alice, cluster, "How do I sleep better?"))
    learn(adapter, make_entry(bob, cluster, "Why do I snore?"))
    bob.training_consent = False
    bob.save()
    page = sources(client_for(curator), answer(curator, adapter))
    assert "How do I sleep better?" in page
    assert "Why do I snore?" not in page


def test_what_the_adapter_went_on_from_is_behind_the_answer_too(
    alice: User, cluster: Cluster, adapter: Adapter, make: Make, client_for: SignIn
) -> None:
    entry = make_entry(alice, cluster, "How do I sleep better?")
    learn(adapter, entry)
    later = make(cluster)
    later.run.config = {"init_from": adapter.path}
    later.run.save()
    client, message = client_for(alice), answer(alice, later)
    assert "How do I sleep better?" in sources(client, message)
    page = changed(client, entry)
    assert "1 answer came from it" in page
    assert str(message.pk) in page


def test_an_answer_of_the_base_model_says_so(
    alice: User, adapter: Adapter, client_for: SignIn
) -> None:
    assert "No adapter wrote it" in sources(client_for(alice), answer(alice, adapter, "base"))


def test_nobody_elses_answer_is_told_of(
    alice: User, bob: User, curator: User, adapter: Adapter, client_for: SignIn
) -> None:
    url = reverse("training:answer_sources", args=[answer(alice, adapter).pk])
    for somebody in (bob, curator):
        assert client_for(somebody).get(url).status_code == 404


def test_an_entry_tells_the_answers_it_changed(
    alice: User, bob: User, curator: User, cluster: Cluster, adapter: Adapter, client_for: SignIn
) -> None:
    entry = make_entry(alice, cluster)
    learn(adapter, entry)
    own, of_bob = answer(alice, adapter), answer(bob, adapter)
    answer(bob, adapter, "base")
    page = changed(client_for(alice), entry)
    assert "2 answers came from it (people: 2)" in page
    assert str(own.pk) in page
    assert str(of_bob.pk) not in page
    fragment = changed(client_for(curator), entry, hx_request="true")
    assert "<html" not in fragment
    assert reverse("training:adapter_detail", args=[adapter.pk]) in fragment
    assert str(own.pk) not in fragment


def test_an_entry_that_nothing_learned_from_says_so(
    alice: User, bob: User, cluster: Cluster, client_for: SignIn
) -> None:
    entry = make_entry(alice, cluster)
    assert "has changed no answer" in changed(client_for(alice), entry)
    url = reverse("training:entry_answers", args=[entry.pk])
    assert client_for(bob).get(url).status_code == 404


def test_the_pages_link_both_ways(
    alice: User, curator: User, cluster: Cluster, adapter: Adapter, client_for: SignIn
) -> None:
    entry = make_entry(alice, cluster)
    learn(adapter, entry)
    message = answer(alice, adapter)
    client, url = client_for(alice), reverse("training:entry_answers", args=[entry.pk])
    assert url in client.get(reverse("training:learned")).content.decode()
    chat = reverse("chat:conversation", args=[message.conversation_id])
    message.conversation.leaf = message
    message.conversation.save()
    shown = client.get(chat)
    assert reverse("training:answer_sources", args=[message.pk]) in shown.content.decode()
    page = client_for(curator).get(reverse("curation:entry", args=[entry.pk]))
    assert url in page.content.decode()
