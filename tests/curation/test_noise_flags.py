"""Clusters whose people contradict each other are flagged; a curator has the last word."""

from __future__ import annotations

import pytest

from curation.models import Cluster, EntryState, LogEntry
from curation.services.noise import noise_assess, noise_overrule
from tests.factories import ClusterFactory, LogEntryFactory, RuleFactory
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
REPLY = "Here is an answer of some length. It has two sentences."


def cluster_of(*corrections: str, rules: tuple[str, ...] = ("Mention the price.",)) -> Cluster:
    cluster = ClusterFactory()
    for number, correction in enumerate(corrections):
        entry = LogEntryFactory(
            cluster=cluster, state=EntryState.DISTILLED, response=REPLY, correction=correction
        )
        RuleFactory(entry=entry, text=rules[number % len(rules)], strategy="edit")
    return cluster


def test_agreeing_people_are_no_noise() -> None:
    cluster = noise_assess(cluster_of(*["A short one."] * 10))
    assert (cluster.is_noise, cluster.noise_reasons) == (False, [])


def test_contradicting_corrections_are_noise_with_the_reason() -> None:
    longer, shorter = f"{REPLY} {REPLY} {REPLY}", "Short."
    opposite = ("Keep the answer shorter.", "Give a longer answer.")
    cluster = noise_assess(cluster_of(*[shorter, longer] * 6, rules=opposite))
    assert cluster.is_noise
    assert cluster.noise_reasons
    found = next(f for f in cluster.noise_findings if f["key"] == "rules_disagree")
    assert (found["threshold"], found["is_found"]) == (0.25, True)
    shown = LogEntry.objects.filter(pk__in=found["examples"])
    assert {entry.rules.get().text for entry in shown} == set(opposite)


def test_a_small_cluster_is_not_noise() -> None:
    cluster = noise_assess(cluster_of("A short one."))
    assert not cluster.is_noise
    found = {finding["key"]: finding["is_found"] for finding in cluster.noise_findings}
    assert found["too_few_entries"]


def test_a_curator_overrules_and_it_holds(curator: User) -> None:
    opposite = ("Keep the answer shorter.", "Give a longer answer.")
    longer = f"{REPLY} {REPLY} {REPLY}"
    cluster = noise_assess(cluster_of(*["Short.", longer] * 6, rules=opposite))
    noise_overrule(cluster=cluster, by=curator)
    assert not cluster.is_noise
    assert not noise_assess(cluster).is_noise
    noise_overrule(cluster=cluster, by=curator, is_overruled=False)
    assert cluster.is_noise
    assert AuditEvent.objects.filter(action="cluster.overrule_noise", actor=curator).count() == 1
