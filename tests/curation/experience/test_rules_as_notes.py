"""Approved rules serve as notes until an adapter of their cluster does, and come back after."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.utils import timezone

from chat.experience.models import Experience, Scope, Status, Tombstone
from chat.experience.services.embedding import experiences_embed, unembedded
from chat.models import RouteKind
from chat.services.routes import RouteSpec, route_table_publish
from curation.experience.rules import has_rules_to_follow, rules_sync
from curation.experience.sharing import export_lines
from curation.models import Cluster, ReviewState, Rule
from tests.factories import ClusterFactory, LogEntryFactory, RuleFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User


@pytest.fixture
def rule(curator: User, scripted: ScriptedClient) -> Rule:
    """A rule that three people's feedback said, and a curator approved."""
    cluster = ClusterFactory(name="landlord, heating, mail")
    made = [
        RuleFactory(
            entry=LogEntryFactory(cluster=cluster, state="distilled"),
            text="Name the date by which an answer is needed.",
        )
        for _ in range(3)
    ]
    Rule.objects.filter(pk__in=[one.pk for one in made[1:]]).update(
        state=ReviewState.MERGED, merged_into=made[0]
    )
    Rule.objects.filter(pk=made[0].pk).update(
        state=ReviewState.APPROVED, reviewed_by=curator, reviewed_at=timezone.now()
    )
    return Rule.objects.get(pk=made[0].pk)


def publish(cluster: Cluster, kind: str) -> None:
    adapter = {"adapter_id": uuid.uuid4(), "adapter_name": "a", "adapter_path": "a"}
    route = RouteSpec(
        cluster_id=cluster.pk,
        cluster_name=cluster.name,
        kind=kind,
        centroid=bytes(cluster.centroid),
        distance_limit=1.0,
        **({} if kind == RouteKind.BASE else adapter),
    )
    route_table_publish(routes=[route], note="", by=None)


def test_it_serves_everybody_under_the_clusters_name(rule: Rule, bob: User) -> None:
    assert has_rules_to_follow()
    assert not Experience.objects.exists(), "looking changes nothing"
    rules_sync()
    note = Experience.objects.get()
    assert (note.content, note.trigger) == (rule.text, "landlord, heating, mail")
    assert (note.scope, note.status, note.kind) == (Scope.GLOBAL, Status.ACTIVE, "rule")
    assert rule.entry.query not in note.trigger, "nobody's question is shown to others"
    assert Experience.objects.serving().in_scope_of(bob).get() == note
    assert not has_rules_to_follow()


def test_an_adapter_retires_it_and_a_rollback_brings_it_back(rule: Rule) -> None:
    rules_sync()
    publish(rule.entry.cluster, RouteKind.EXPERT)
    assert rules_sync().n_retired == 1
    assert not Experience.objects.serving().exists()
    publish(rule.entry.cluster, RouteKind.BASE)
    assert rules_sync().n_back == 1
    assert Experience.objects.serving().exists()


def test_a_rule_of_too_few_people_does_not_serve(rule: Rule) -> None:
    Rule.objects.filter(merged_into=rule).first().entry.delete()
    report = rules_sync()
    assert (report.n_added, report.refusals) == (0, {"too_few_people": 1})


def test_a_rule_with_a_link_does_not_serve(rule: Rule) -> None:
    Rule.objects.filter(pk=rule.pk).update(text="Cite https://example.org/law each time.")
    assert rules_sync().refusals == {"link": 1}


def test_what_only_the_policy_approved_does_not_serve(rule: Rule) -> None:
    Rule.objects.filter(pk=rule.pk).update(is_auto_approved=True)
    assert rules_sync().n_added == 0


def test_an_edited_rule_changes_its_note(rule: Rule) -> None:
    rules_sync()
    Rule.objects.filter(pk=rule.pk).update(text="Name the day by which an answer is needed.")
    rules_sync()
    assert Experience.objects.get().content == "Name the day by which an answer is needed."


def test_a_rule_that_is_no_longer_approved_ends_its_note(rule: Rule) -> None:
    rules_sync()
    Rule.objects.filter(pk=rule.pk).update(state=ReviewState.REJECTED)
    rules_sync()
    assert Experience.objects.get().status == Status.ARCHIVED
    assert Tombstone.objects.exists()
    Rule.objects.filter(pk=rule.pk).update(state=ReviewState.APPROVED)
    rules_sync()
    assert Experience.objects.get().status == Status.ACTIVE


@pytest.mark.parametrize("field", ["is_noise", "is_excluded", "retired_at"])
def test_a_cluster_that_is_set_aside_buries_nothing(field: str, rule: Rule) -> None:
    rules_sync()
    cluster, was = rule.entry.cluster, getattr(rule.entry.cluster, field)
    Cluster.objects.filter(pk=cluster.pk).update(**{field: timezone.now() if was is None else True})
    rules_sync()
    note = Experience.objects.get()
    assert (note.status, note.reason) == (Status.ARCHIVED, "its rule's cluster is set aside")
    assert not Tombstone.objects.exists() and not has_rules_to_follow()
    Cluster.objects.filter(pk=cluster.pk).update(**{field: was})
    rules_sync()
    note = Experience.objects.get()
    assert (note.status, note.shared_as) == (Status.ACTIVE, None)


def test_what_ends_while_its_cluster_is_set_aside_is_buried_after_all(rule: Rule) -> None:
    rules_sync()
    Cluster.objects.filter(pk=rule.entry.cluster_id).update(is_noise=True)
    rules_sync()
    Rule.objects.filter(pk=rule.pk).update(state=ReviewState.REJECTED)
    assert rules_sync().n_ended == 1
    assert Tombstone.objects.get().row == Experience.objects.get().pk
    assert not has_rules_to_follow()


def test_a_rule_that_comes_back_leaves_under_another_id(rule: Rule) -> None:
    rules_sync()
    for state in (ReviewState.REJECTED, ReviewState.APPROVED):
        Rule.objects.filter(pk=rule.pk).update(state=state)
        rules_sync()
    sent = [json.loads(line)["data"] for line in export_lines()][1:-1]
    ids = {item["kind"]: item["id"] for item in sent}
    assert set(ids) == {"row", "tombstone"} and len(set(ids.values())) == 2


def test_it_is_found_where_its_cluster_is_whatever_it_says(
    rule: Rule, django_capture_on_commit_callbacks: Any
) -> None:
    rules_sync()
    Rule.objects.filter(pk=rule.pk).update(text="Name the day by which an answer is needed.")
    with django_capture_on_commit_callbacks(execute=True):
        rules_sync()
    assert place_of(rule) == bytes(rule.entry.cluster.centroid)
    assert not unembedded().exists()
    assert experiences_embed(list(Experience.objects.all())) == 0
    assert place_of(rule) == bytes(rule.entry.cluster.centroid)


def test_it_follows_its_cluster_and_the_embedder(rule: Rule) -> None:
    rules_sync()
    moved = bytes(rule.entry.cluster.centroid)[::-1]
    params = {"embedder": "another"}
    Cluster.objects.filter(pk=rule.entry.cluster_id).update(centroid=moved, params=params)
    assert rules_sync().n_changed == 1
    assert (place_of(rule), Experience.objects.get().embedder) == (moved, "another")
    assert not has_rules_to_follow()


def place_of(rule: Rule) -> bytes:
    return bytes(Experience.objects.get(rule=rule.pk).vector)


def test_a_deleted_rule_takes_its_note_along(rule: Rule) -> None:
    rules_sync()
    Rule.objects.all().delete()
    rules_sync()
    assert not Experience.objects.exists()
