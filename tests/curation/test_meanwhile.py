"""What a curator decides while a stage runs stays: stages write what they measure alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from curation.models import Cluster, EntryState, LogEntry
from curation.roles.gap_scorers import GapItem, GapScore
from curation.services import noise
from curation.services.clustering import clusters_update
from curation.services.gaps import gaps_update
from curation.services.joining import entries_join, entries_locate
from curation.services.noise import cluster_rename, noise_assess, noise_overrule
from curation.services.review import subject_exclude
from tests.curation.test_clustering_identity import around
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db


class Interrupted:
    """Scores 0.3, after somebody did something."""

    name = "scripted"

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile

    def score(self, item: GapItem) -> GapScore:
        self.meanwhile()
        return GapScore(0.3, (0.3,))


@pytest.fixture
def cluster() -> Cluster:
    """A cluster of one entry that can be measured."""
    cluster = ClusterFactory()
    entry = LogEntryFactory(cluster=cluster, state=EntryState.DISTILLED)
    RuleFactory(entry=entry)
    PairFactory(entry=entry)
    return cluster


def test_what_a_curator_says_while_gaps_are_measured_stays(cluster: Cluster, curator: User) -> None:
    Cluster.objects.update(is_noise=True, noise_reasons=["They disagree."])

    def decide() -> None:
        now = Cluster.objects.get()
        subject_exclude(subject=now, is_excluded=True, by=curator)
        cluster_rename(cluster=now, name="Recipes", by=curator)
        noise_overrule(cluster=now, by=curator)

    gaps_update(scorer=Interrupted(decide))
    cluster.refresh_from_db()
    assert (cluster.gap, cluster.gap_route) == (0.3, "expert")
    assert (cluster.is_excluded, cluster.excluded_by, cluster.name) == (True, curator, "Recipes")
    assert (cluster.is_noise, cluster.params) == (False, {"is_noise_overruled": True})


def test_a_cluster_that_ends_while_gaps_are_measured_stays_ended(cluster: Cluster) -> None:
    other = ClusterFactory(name="Another")
    LogEntryFactory(cluster=other, state=EntryState.DISTILLED, gap=0.5)

    def retire() -> None:
        Cluster.objects.update(retired_at=timezone.now())

    report = gaps_update(scorer=Interrupted(retire))
    assert report.n_clusters in (0, 1)  # the other one may have come first
    assert not Cluster.objects.current().exists()
    cluster.refresh_from_db()
    assert cluster.gap is None


def test_an_overruling_during_the_noise_checks_holds(
    cluster: Cluster, curator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Cluster.objects.get()
    noise_overrule(cluster=cluster, by=curator)
    report, _ = noise.noise_report([])
    noisy = type("Noisy", (), {"findings": report.findings, "reasons": [], "is_noisy": True})
    monkeypatch.setattr(noise, "noise_report", lambda *args, **kwargs: (noisy, []))
    assert not noise_assess(stale).is_noise
    assert Cluster.objects.get().params == {"is_noise_overruled": True}


def test_joining_writes_what_it_moves_alone(
    placed_entry: Callable[..., LogEntry], curator: User, scripted: object
) -> None:
    for vector in around(0, 12, seed=0):
        placed_entry(vector)
    clusters_update()
    entry = placed_entry(around(0, 1, seed=7)[0])
    placement = entries_locate([entry])
    subject_exclude(subject=Cluster.objects.get(), is_excluded=True, by=curator)
    entries_join([entry], placement)
    grown = Cluster.objects.get()
    assert (grown.is_excluded, grown.n_members) == (True, 13)
