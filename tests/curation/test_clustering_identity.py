"""Clusters keep their rows while their members stay together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from curation.models import Cluster, EntryState, LogEntry
from curation.services.clustering import clusters_update
from tests.factories import LogEntryFactory, UserFactory
from tests.scripted import ScriptedClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
Make = Callable[..., LogEntry]


def around(axis: int, n: int, seed: int) -> list[list[float]]:
    """n unit vectors near one axis of a small space."""
    rows = np.random.default_rng(seed).normal(scale=0.05, size=(n, 8))
    rows[:, axis] += 1
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).tolist()


@pytest.fixture
def two_topics(placed_entry: Make) -> list[LogEntry]:
    texts = (("Write an e-mail to my landlord.", 0), ("How do I sleep better?", 1))
    return [
        placed_entry(vector, query=f"{text} {n}")
        for text, axis in texts
        for n, vector in enumerate(around(axis, 12, seed=axis))
    ]


def test_two_topics_become_two_named_clusters(two_topics: list[LogEntry]) -> None:
    report = clusters_update()
    assert (report.n_clusters, report.n_new, report.n_entries) == (2, 2, 24)
    mails, sleep = (LogEntry.objects.get(pk=two_topics[n].pk).cluster for n in (0, -1))
    assert mails != sleep
    assert "landlord" in mails.name.lower()
    assert "sleep" in sleep.name.lower()
    assert mails.entries.count() == 12
    assert np.linalg.norm(mails.centroid_vector) <= 1.0001
    assert mails.distance_limit > 0


def test_clustering_again_keeps_rows_and_names(
    two_topics: list[LogEntry], placed_entry: Make
) -> None:
    clusters_update()
    before = set(Cluster.objects.values_list("pk", flat=True))
    Cluster.objects.update(name="Named by a curator")
    for vector in around(0, 4, seed=9):
        placed_entry(vector)
    report = clusters_update()
    assert report.n_new == report.n_retired == 0
    assert set(Cluster.objects.current().values_list("pk", flat=True)) == before
    assert set(Cluster.objects.values_list("name", flat=True)) == {"Named by a curator"}


def test_a_cluster_without_members_is_retired(two_topics: list[LogEntry]) -> None:
    clusters_update()
    gone = [entry.pk for entry in two_topics[:12]]
    LogEntry.objects.filter(pk__in=gone).update(is_excluded=True)
    assert clusters_update().n_retired == 1
    assert Cluster.objects.current().count() == 1
    assert not LogEntry.objects.filter(pk__in=gone, cluster__isnull=False).exists()


def test_entries_without_rules_or_consent_are_in_no_cluster(placed_entry: Make) -> None:
    entry = placed_entry([1.0, 0.0])
    silent = LogEntryFactory(state=EntryState.NO_RULES)
    withdrawn = placed_entry([1.0, 0.0], user=UserFactory(training_consent=False))
    assert clusters_update().n_entries == 1
    placed = LogEntry.objects.filter(cluster__isnull=False).values_list("pk", flat=True)
    assert list(placed) == [entry.pk]
    assert silent.cluster_id is withdrawn.cluster_id is None


def test_nothing_at_all_is_no_cluster() -> None:
    assert clusters_update().n_clusters == 0


def test_texts_are_embedded_once(placed_entry: Make, scripted: ScriptedClient) -> None:
    entry = placed_entry([1.0, 0.0])
    LogEntry.objects.update(query_embedding=None)
    asked: list[int] = []
    embed = scripted.embed
    scripted.embed = lambda texts: (asked.append(len(texts)), embed(texts))[1]
    clusters_update()
    clusters_update()
    assert asked == [2]
    entry.refresh_from_db()
    assert len(entry.query_embedding) == 4 * scripted.dim
