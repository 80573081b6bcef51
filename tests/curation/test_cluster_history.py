"""A re-clustering tells what became of every cluster, and the cluster's page shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster, ClusterEvent, ClusterEventKind, LogEntry
from curation.services.clustering import clusters_rebuild
from curation.vectors import pack_vector
from tests.curation.test_clustering_identity import around
from tests.factories import ClusterFactory
from uno_site.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
Make = Callable[..., LogEntry]
SignIn = Callable[[User], Client]


def move(entries: Sequence[LogEntry], axis: int) -> None:
    """Let the entries be about something else."""
    for entry, vector in zip(entries, around(axis, len(entries), seed=axis), strict=True):
        entry.query_embedding = entry.rules_embedding = pack_vector(vector)
        entry.save(update_fields=["query_embedding", "rules_embedding"])


def told(kind: ClusterEventKind) -> ClusterEvent:
    return ClusterEvent.objects.get(kind=kind)


@pytest.fixture
def entries(placed_entry: Make) -> list[LogEntry]:
    """Thirty entries about one thing, clustered."""
    made = [placed_entry(vector) for vector in around(0, 30, seed=0)]
    clusters_rebuild()
    return made


def test_the_first_clustering_creates(entries: list[LogEntry]) -> None:
    event = told(ClusterEventKind.CREATED)
    assert (event.cluster, event.n_entries, event.drift) == (Cluster.objects.get(), 30, None)


def test_a_split_names_where_it_came_from(entries: list[LogEntry]) -> None:
    kept = Cluster.objects.get()
    move(entries[:12], axis=3)
    clusters_rebuild()
    split = told(ClusterEventKind.SPLIT)
    assert (split.other, split.n_moved, split.n_entries) == (kept, 12, 12)
    assert split.cluster != kept
    assert split.drift == pytest.approx(1.0, abs=0.7)  # the old mean held both
    stayed = told(ClusterEventKind.RECLUSTERED)
    assert (stayed.cluster, stayed.n_moved, stayed.n_entries) == (kept, 12, 18)
    assert stayed.drift > 0


def test_a_merge_names_where_it_went(entries: list[LogEntry]) -> None:
    move(entries[:12], axis=3)
    clusters_rebuild()
    larger, smaller = Cluster.objects.current().order_by("-n_members")
    move(entries, axis=0)
    clusters_rebuild()
    merged = told(ClusterEventKind.MERGED)
    assert (merged.cluster, merged.other, merged.n_moved) == (smaller, larger, 12)
    assert Cluster.objects.current().get() == larger
    assert Cluster.objects.get(pk=smaller.pk).retired_at is not None


def test_a_cluster_whose_entries_are_gone_is_retired(entries: list[LogEntry]) -> None:
    LogEntry.objects.all().delete()
    clusters_rebuild()
    retired = told(ClusterEventKind.RETIRED)
    assert (retired.other, retired.n_entries, retired.drift) == (None, 0, None)


def test_clustering_the_same_again_tells_nothing(entries: list[LogEntry]) -> None:
    clusters_rebuild()
    assert ClusterEvent.objects.count() == 1


def test_the_page_shows_the_history_from_both_sides(curator: User, client_for: SignIn) -> None:
    old, new = ClusterFactory(name="Mails"), ClusterFactory(name="Mails <to> landlords")
    old.events.create(kind=ClusterEventKind.JOINED, n_moved=4, n_entries=40, drift=0.0123)
    new.events.create(kind=ClusterEventKind.SPLIT, other=old, n_moved=12, n_entries=13, drift=0.5)
    client = client_for(curator)
    page = client.get(reverse("curation:cluster", args=[old.pk])).content.decode()
    link = reverse("curation:cluster", args=[new.pk])
    assert "4 entries joined" in page
    assert "0.012" in page
    assert f'<a href="{link}">Mails &lt;to&gt; landlords</a> split off with 12 entries' in page
    page = client.get(link).content.decode()
    assert "Split off from <a" in page
    assert "0.500" in page


def test_the_list_shows_the_drift(curator: User, client_for: SignIn) -> None:
    ClusterFactory(drift=0.0421)
    assert "0.042" in client_for(curator).get(reverse("curation:clusters")).content.decode()


def test_strangers_see_no_history(alice: User, client_for: SignIn) -> None:
    cluster = ClusterFactory()
    cluster.events.create(kind=ClusterEventKind.CREATED, n_entries=3)
    assert not ClusterEvent.objects.visible_to(alice).exists()
    url = reverse("curation:cluster", args=[cluster.pk])
    assert client_for(alice).get(url).status_code in (403, 404)
