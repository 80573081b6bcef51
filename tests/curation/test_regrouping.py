"""Merging, splitting and parting off: looked at first, kept when all is clustered anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from curation.ml.clustering import query_centroid
from curation.models import Cluster, ClusterEvent, ClusterEventKind, LogEntry
from curation.regroup_preview import regroup_preview
from curation.services.clustering import clusters_rebuild, clusters_update
from curation.services.regrouping import (
    Plan,
    cluster_release,
    plan_merge,
    plan_split,
    plan_split_off,
    regroup,
)
from curation.services.review import subject_exclude
from curation.vectors import unpack_rows
from tests.curation.test_clustering_identity import around
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict, InvalidInput

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
Make = Callable[..., LogEntry]


@pytest.fixture
def clusters(placed_entry: Make) -> list[Cluster]:
    """Ten entries about one thing, and fourteen about another."""
    for axis, n in ((0, 10), (1, 14)):
        for vector in around(axis, n, seed=axis):
            placed_entry(vector)
    clusters_update()
    LogEntry.objects.update(gap=0.4)
    Cluster.objects.update(gap=0.4, gap_scorer="likelihood_gap")
    return list(Cluster.objects.order_by("n_members"))


def do(plan: Plan, by: User) -> list[Cluster]:
    return regroup(plan=plan, stamp=plan.stamp, by=by)


def sizes() -> list[int]:
    return sorted(c.entries.count() for c in Cluster.objects.current())


def test_merging_keeps_the_larger_and_retires_the_other(
    clusters: list[Cluster], curator: User
) -> None:
    small, large = clusters
    [merged] = do(plan_merge(clusters), curator)
    assert (merged.pk, merged.n_members, merged.is_by_hand) == (large.pk, 24, True)
    small.refresh_from_db()
    assert small.retired_at is not None
    members = unpack_rows(merged.entries.values_list("query_embedding", flat=True))
    assert merged.centroid_vector == pytest.approx(query_centroid(members), abs=1e-6)
    event = ClusterEvent.objects.get(kind=ClusterEventKind.MERGED)
    assert (event.cluster, event.other, event.n_moved) == (small, large, 10)
    assert ClusterEvent.objects.filter(kind=ClusterEventKind.REGROUPED, cluster=large).exists()
    assert AuditEvent.objects.get(action="cluster.merge").actor == curator


def test_a_merged_cluster_stays_one_until_it_is_released(
    clusters: list[Cluster], curator: User
) -> None:
    [merged] = do(plan_merge(clusters), curator)
    clusters_rebuild()
    assert sizes() == [24]
    cluster_release(cluster=Cluster.objects.get(pk=merged.pk), by=curator)
    clusters_rebuild()
    assert sizes() == [10, 14]


def test_splitting_finds_the_parts_again(clusters: list[Cluster], curator: User) -> None:
    [merged] = do(plan_merge(clusters), curator)
    plan = plan_split(Cluster.objects.get(pk=merged.pk))
    kept, new = do(plan, curator)
    assert (kept.pk, kept.n_members, new.n_members) == (merged.pk, 14, 10)
    event = ClusterEvent.objects.get(kind=ClusterEventKind.SPLIT)
    assert (event.cluster, event.other) == (new, kept)
    clusters_rebuild()
    assert sizes() == [10, 14]


def test_what_is_split_off_stays_apart(clusters: list[Cluster], curator: User) -> None:
    large = clusters[1]
    chosen = list(large.entries.order_by("pk")[:4])
    kept, new = do(plan_split_off(chosen), curator)
    assert (kept.n_members, new.n_members) == (10, 4)
    clusters_rebuild()
    assert sizes() == [4, 10, 10]
    assert {e.cluster_id for e in LogEntry.objects.filter(pk__in=[e.pk for e in chosen])} == {
        new.pk
    }


def test_a_cluster_that_is_parted_off_as_a_whole_ends(
    clusters: list[Cluster], curator: User
) -> None:
    small, large = clusters
    chosen = [*small.entries.all(), *large.entries.order_by("pk")[:2]]
    clusters_now = do(plan_split_off(chosen), curator)
    assert [c.n_members for c in clusters_now] == [12, 12]
    small.refresh_from_db()
    assert small.retired_at is not None


def test_new_entries_join_a_cluster_by_hand(
    clusters: list[Cluster], curator: User, placed_entry: Make
) -> None:
    do(plan_merge(clusters), curator)
    entry = placed_entry(around(0, 1, seed=9)[0])
    clusters_update()
    entry.refresh_from_db()
    assert entry.cluster_id == clusters[1].pk


def test_the_gap_is_the_mean_of_the_entries_that_were_measured(
    clusters: list[Cluster], curator: User
) -> None:
    clusters[0].entries.update(gap=0.9)
    preview = regroup_preview(plan_merge(clusters))
    [after] = preview.after
    assert after.gap == pytest.approx((10 * 0.9 + 14 * 0.4) / 24)
    assert (after.route, after.n_measured) == ("Critic", 24)
    [merged] = do(plan_merge(clusters), curator)
    assert merged.gap == pytest.approx(after.gap)
    assert merged.gap_route == "critic"


def test_gaps_by_different_scorers_do_not_mix(clusters: list[Cluster], curator: User) -> None:
    Cluster.objects.filter(pk=clusters[0].pk).update(gap_scorer="reranker")
    clusters = list(Cluster.objects.all())
    assert regroup_preview(plan_merge(clusters)).after[0].gap is None
    [merged] = do(plan_merge(clusters), curator)
    assert (merged.gap, merged.gap_scorer) == (None, "")


def test_looking_changes_nothing(clusters: list[Cluster]) -> None:
    before = list(LogEntry.objects.order_by("pk").values_list("cluster_id", flat=True))
    preview = regroup_preview(plan_split_off(list(clusters[1].entries.all()[:3])))
    assert [group.n_entries for group in preview.before] == [14]
    assert [group.n_entries for group in preview.after] == [11, 3]
    assert all(len(group.exemplars) == 3 for group in preview.after)
    assert "3 entries; 8 are needed to train and to verify." in preview.after[1].findings
    assert list(LogEntry.objects.order_by("pk").values_list("cluster_id", flat=True)) == before


def test_what_changed_since_it_was_looked_at_is_refused(
    clusters: list[Cluster], curator: User, placed_entry: Make
) -> None:
    stamp = plan_merge(clusters).stamp
    placed_entry(around(0, 1, seed=9)[0])
    clusters_update()
    with pytest.raises(Conflict, match="came or left"):
        regroup(plan=plan_merge(clusters), stamp=stamp, by=curator)
    assert Cluster.objects.current().count() == 2


def test_what_cannot_be_done_says_why(clusters: list[Cluster], curator: User) -> None:
    with pytest.raises(InvalidInput, match="two clusters"):
        plan_merge(clusters[:1])
    with pytest.raises(InvalidInput, match="1 of the chosen"):
        plan_split_off(list(clusters[0].entries.all()[:1]))
    subject_exclude(subject=clusters[0], is_excluded=True, by=curator)
    with pytest.raises(Conflict, match="excluded"):
        plan_merge(clusters)


def test_all_the_same_cannot_be_split(placed_entry: Make) -> None:
    for _ in range(9):
        placed_entry([1.0, 0.0, 0.0])
    clusters_update()
    with pytest.raises(Conflict, match="cannot be split"):
        plan_split(Cluster.objects.get())


def test_what_is_split_from_an_excluded_cluster_stays_excluded(
    clusters: list[Cluster], curator: User
) -> None:
    subject_exclude(subject=clusters[1], is_excluded=True, by=curator)
    kept, new = do(plan_split_off(list(clusters[1].entries.all()[:3])), curator)
    assert (kept.is_excluded, new.is_excluded) == (True, True)


def test_excluded_entries_are_not_regrouped(clusters: list[Cluster], curator: User) -> None:
    entry = clusters[0].entries.first()
    subject_exclude(subject=entry, is_excluded=True, by=curator)
    [merged] = do(plan_merge(clusters), curator)
    assert merged.n_members == 23
    entry.refresh_from_db()
    assert entry.cluster is None
