"""A curator's word that a cluster is no noise holds for what it was said of, and no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from curation.models import Cluster, LogEntry
from curation.regroup_preview import regroup_preview
from curation.services.clustering import clusters_update
from curation.services.noise import noise_assess, noise_overrule
from curation.services.regrouping import plan_merge, plan_split_off, regroup
from curation.services.review import subject_exclude
from tests.curation.test_clustering_identity import around
from tests.curation.test_regrouping import do
from uno_site.accounts.models import User
from uno_site.errors import Conflict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
OPPOSITE = ("Keep the answer shorter.", "Give a longer answer.")


@pytest.fixture
def noisy(placed_entry: Callable[..., LogEntry]) -> list[Cluster]:
    """Two clusters in each of which people contradict each other, the smaller one first."""
    for axis, n in ((0, 12), (1, 16)):
        for number, vector in enumerate(around(axis, n, seed=axis)):
            placed_entry(vector, text=OPPOSITE[number % 2])
    clusters_update()
    assert Cluster.objects.filter(is_noise=True).count() == 2
    return list(Cluster.objects.order_by("n_members"))


@pytest.mark.parametrize(
    ("overruled", "is_noise"), [([], True), ([0], True), ([1], True), ([0, 1], False)]
)
def test_an_overruling_survives_where_it_was_said_of_all(
    noisy: list[Cluster], curator: User, overruled: list[int], is_noise: bool
) -> None:
    for index in overruled:
        noise_overrule(cluster=noisy[index], by=curator)
    plan = plan_merge(list(Cluster.objects.all()))
    preview = regroup_preview(plan)
    said = {noisy[index].pk for index in overruled}
    assert {group.cluster.pk for group in preview.before if not group.is_noise} == said
    assert [group.is_noise for group in preview.after] == [is_noise]
    [merged] = do(plan, curator)
    assert Cluster.objects.get(pk=merged.pk).is_noise is is_noise


def test_what_is_split_off_is_checked_by_itself(noisy: list[Cluster], curator: User) -> None:
    large = noisy[1]
    noise_overrule(cluster=large, by=curator)
    plan = plan_split_off(list(large.entries.order_by("pk")[:9]))
    after = [group.is_noise for group in regroup_preview(plan).after]
    kept, new = do(plan, curator)
    assert [kept.is_noise, new.is_noise] == after
    assert (kept.is_noise, new.params.get("is_noise_overruled")) == (False, None)


def test_what_is_said_while_a_change_is_planned_stays(noisy: list[Cluster], curator: User) -> None:
    plan = plan_merge(list(Cluster.objects.all()))
    for cluster in Cluster.objects.all():
        subject_exclude(subject=cluster, is_excluded=True, by=curator)
    [merged] = do(plan, curator)
    assert noise_assess(Cluster.objects.get(pk=merged.pk)).is_excluded


def test_one_that_is_excluded_meanwhile_is_not_merged(noisy: list[Cluster], curator: User) -> None:
    plan = plan_merge(list(Cluster.objects.all()))
    subject_exclude(subject=Cluster.objects.get(pk=noisy[0].pk), is_excluded=True, by=curator)
    with pytest.raises(Conflict, match="excluded"):
        regroup(plan=plan, stamp=plan.stamp, by=curator)
