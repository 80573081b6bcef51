"""Only approved pairs with an approved rule, of consented entries, may train."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from curation.models import Cluster, EntryState, ReviewState, RuleKind
from curation.selectors import exportable_pairs, training_material
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory, UserFactory

pytestmark = pytest.mark.django_db
APPROVED = {"state": ReviewState.APPROVED}


@pytest.fixture
def cluster() -> Cluster:
    cluster = ClusterFactory()
    entry = LogEntryFactory(
        state=EntryState.DISTILLED, cluster=cluster, correction="Hi, short. Cheers, Ana"
    )
    RuleFactory(entry=entry, text="Be brief.", **APPROVED)
    RuleFactory(entry=entry, text="Not yet decided.")
    PairFactory(entry=entry, **APPROVED)
    return cluster


def test_an_approved_pair_comes_with_its_approved_rules(cluster: Cluster) -> None:
    [pair] = training_material(cluster)
    assert pair.rules == ["Be brief."]
    assert pair.rejected == cluster.entries.get().response
    assert pair.messages[-1]["role"] == "user"
    assert pair.correction == "Hi, short. Cheers, Ana"
    assert pair.source == "user_edit"


def test_an_approved_rule_stands_for_those_merged_into_it(cluster: Cluster) -> None:
    entry = cluster.entries.get()
    entry.rules.all().delete()
    elsewhere = RuleFactory(text="Be brief, please.", **APPROVED)
    RuleFactory(entry=entry, state=ReviewState.MERGED, merged_into=elsewhere)
    assert training_material(cluster)[0].rules == ["Be brief, please."]
    assert exportable_pairs().count() == 1


def exclude_entry(cluster: Cluster) -> None:
    cluster.entries.update(is_excluded=True)


def exclude_cluster(cluster: Cluster) -> None:
    cluster.is_excluded = True


def flag_noise(cluster: Cluster) -> None:
    cluster.is_noise = True


def retire(cluster: Cluster) -> None:
    cluster.retired_at = timezone.now()


def withdraw(cluster: Cluster) -> None:
    cluster.entries.update(user=UserFactory(training_consent=False))


def reject_pair(cluster: Cluster) -> None:
    cluster.entries.get().pairs.update(state=ReviewState.REJECTED)


def reject_rules(cluster: Cluster) -> None:
    cluster.entries.get().rules.update(state=ReviewState.REJECTED)


def only_prior_rules(cluster: Cluster) -> None:
    cluster.entries.get().rules.update(kind=RuleKind.PRIOR)


def distil_again(cluster: Cluster) -> None:
    cluster.entries.update(state=EntryState.PENDING)


@pytest.mark.parametrize(
    "spoil",
    [
        exclude_entry,
        exclude_cluster,
        flag_noise,
        retire,
        withdraw,
        reject_pair,
        reject_rules,
        only_prior_rules,
        distil_again,
    ],
)
def test_what_may_not_train_does_not(cluster: Cluster, spoil: Callable[[Cluster], None]) -> None:
    assert training_material(cluster)
    assert exportable_pairs().count() == 1
    spoil(cluster)
    cluster.save()
    assert training_material(cluster) == []
    assert not exportable_pairs().exists()
