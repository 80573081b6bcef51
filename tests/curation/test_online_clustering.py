"""New entries join the nearest centroid; clusters are made anew when that is due."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from curation.ml.clustering import query_centroid
from curation.models import Cluster, ClusterEvent, ClusterEventKind, CurationPolicy, LogEntry
from curation.services.clustering import clusters_rebuild, clusters_update
from curation.vectors import unpack_rows
from tests.curation.test_cluster_history import move
from tests.curation.test_clustering_identity import around
from tests.scripted import ScriptedClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
Make = Callable[..., LogEntry]


@pytest.fixture
def two_clusters(placed_entry: Make) -> list[Cluster]:
    """Twelve entries about one thing, fourteen about another, clustered."""
    for axis, n in ((0, 12), (1, 14)):
        for vector in around(axis, n, seed=axis):
            placed_entry(vector)
    clusters_update()
    return list(Cluster.objects.order_by("n_members"))


def at_right_angle(axis: int) -> list[float]:
    return np.eye(8)[axis].tolist()


def test_a_new_entry_joins_the_nearest_centroid(
    two_clusters: list[Cluster], placed_entry: Make
) -> None:
    entry = placed_entry(around(0, 1, seed=7)[0])
    report = clusters_update()
    assert (report.n_joined, report.reason, report.n_entries) == (1, "", 27)
    entry.refresh_from_db()
    assert entry.cluster == two_clusters[0]
    assert 0 < entry.cluster_distance < 0.5


def test_the_centroid_is_the_running_mean_with_its_count(
    two_clusters: list[Cluster], placed_entry: Make
) -> None:
    for vector in around(0, 2, seed=7):
        placed_entry(vector)
    clusters_update()
    grown = Cluster.objects.get(pk=two_clusters[0].pk)
    assert (grown.n_members, grown.n_joined) == (14, 2)
    members = unpack_rows(grown.entries.values_list("query_embedding", flat=True))
    assert grown.centroid_vector == pytest.approx(query_centroid(members), abs=1e-6)
    assert grown.drift > 0
    assert grown.anchor_vector == pytest.approx(two_clusters[0].centroid_vector)


def test_what_joined_is_told_with_the_drift(
    two_clusters: list[Cluster], placed_entry: Make
) -> None:
    for vector in around(1, 3, seed=7):
        placed_entry(vector)
    clusters_update()
    grown = Cluster.objects.get(pk=two_clusters[1].pk)
    event = grown.events.get(kind=ClusterEventKind.JOINED)
    assert (event.n_moved, event.n_entries) == (3, 17)
    assert event.drift == pytest.approx(grown.drift)
    assert not two_clusters[0].events.filter(kind=ClusterEventKind.JOINED).exists()


def test_enough_new_entries_are_clustered_with_all_the_others(
    two_clusters: list[Cluster], placed_entry: Make
) -> None:
    for vector in around(1, 6, seed=7):  # of 26 clustered: more than a fifth
        placed_entry(vector)
    report = clusters_update()
    assert report.reason == "6 of 26 entries came or left"
    assert report.n_joined == report.n_new == report.n_retired == 0
    grown = Cluster.objects.get(pk=two_clusters[1].pk)
    assert (grown.n_members, grown.n_joined, grown.drift) == (20, 0, 0.0)


def test_the_policy_says_how_many_are_enough(
    two_clusters: list[Cluster], placed_entry: Make
) -> None:
    policy = CurationPolicy.current()
    policy.recluster_share = 0.5
    policy.save()
    for vector in around(1, 6, seed=7):
        placed_entry(vector)
    assert clusters_update().n_joined == 6


def test_what_no_cluster_reaches_waits_until_it_makes_a_cluster(
    two_clusters: list[Cluster], placed_entry: Make
) -> None:
    CurationPolicy.objects.update(recluster_share=1.0)
    for vector in around(2, 7, seed=7):
        placed_entry(vector)
    assert clusters_update().n_joined == 7
    assert sum(Cluster.objects.values_list("n_beyond", flat=True)) == 7
    placed_entry(around(2, 1, seed=8)[0])
    report = clusters_update()
    assert report.reason == "8 entries that no cluster reaches"
    assert (report.n_clusters, report.n_new) == (3, 1)


def test_another_rule_clusters_everything_anew(two_clusters: list[Cluster]) -> None:
    CurationPolicy.objects.update(clustering_rule="paper_threshold")
    assert "another clustering rule" in clusters_update().reason
    assert clusters_update().reason == ""


def test_vectors_of_another_embedder_are_never_compared(
    two_clusters: list[Cluster], placed_entry: Make, scripted: ScriptedClient
) -> None:
    LogEntry.objects.update(embedder="another")
    Cluster.objects.update(params={"rule": "size_free", "embedder": "another"})
    placed_entry(np.eye(scripted.dim)[0].tolist())
    assert "embedder" in clusters_update().reason
    lengths = {len(row) for row in LogEntry.objects.values_list("query_embedding", flat=True)}
    assert lengths == {4 * scripted.dim}
    assert ClusterEvent.objects.latest("at").drift is None


def test_nothing_new_changes_nothing(two_clusters: list[Cluster]) -> None:
    before = list(Cluster.objects.order_by("pk").values())
    assert clusters_update().n_joined == 0
    assert list(Cluster.objects.order_by("pk").values()) == before


def test_clusters_of_an_earlier_version_are_made_anew_with_the_next_entry(
    two_clusters: list[Cluster], placed_entry: Make
) -> None:
    Cluster.objects.update(n_members=0, anchor=None)
    placed_entry(at_right_angle(0))
    assert clusters_update().reason == "the first entries"
    assert sum(Cluster.objects.values_list("n_members", flat=True)) == 27


def test_excluding_a_cluster_holds_for_what_splits_from_it(placed_entry: Make) -> None:
    entries = [placed_entry(vector) for vector in around(0, 24, seed=0)]
    clusters_update()
    Cluster.objects.update(is_excluded=True)
    move(entries[:10], axis=3)
    clusters_rebuild()
    assert list(Cluster.objects.current().values_list("is_excluded", flat=True)) == [True, True]
