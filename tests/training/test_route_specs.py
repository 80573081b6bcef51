"""A route table's rows, by hand: whose adapter, which rules, and what is left of an old one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chat.models import RouteKind
from chat.services.routes import route_table_publish
from curation.models import Cluster, EntryState, ReviewState
from tests.factories import ClusterFactory, LogEntryFactory, RuleFactory
from training.models import Adapter
from training.services.route_specs import cluster_rules, current_routes, same_route

pytestmark = pytest.mark.django_db


def entry_with(cluster: Cluster, *rules: str, state: str = ReviewState.APPROVED) -> None:
    entry = LogEntryFactory(cluster=cluster, state=EntryState.DISTILLED)
    for text in rules:
        RuleFactory(entry=entry, text=text, state=state)


def test_each_current_cluster_has_its_row_and_only_the_chosen_an_adapter(
    make: Callable[..., Adapter],
) -> None:
    mails, tips = ClusterFactory(name="Mails", distance_limit=0.9), ClusterFactory(name="Tips")
    adapter = make(mails)
    rows = {row.cluster_name: row for row in current_routes({mails.pk: adapter})}
    assert rows.keys() == {"Mails", "Tips"}
    served = rows["Mails"]
    assert (served.kind, served.adapter_id) == (RouteKind.EXPERT, adapter.pk)
    assert (served.adapter_name, served.adapter_path) == (adapter.name, adapter.path)
    assert (served.distance_limit, served.centroid) == (0.9, bytes(mails.centroid))
    plain = rows["Tips"]
    assert (plain.kind, plain.adapter_id, plain.adapter_name) == (RouteKind.BASE, None, "")
    assert plain.rules == [] and plain.cluster_id == tips.pk


def test_the_rules_that_most_entries_share_come_first() -> None:
    cluster = ClusterFactory()
    entry_with(cluster, "Be brief.", "Sign as Ana.")
    entry_with(cluster, "Sign as Ana.")
    entry_with(cluster, "Sign as Ana.", "Be brief.")
    entry_with(cluster, "Say hello.")
    entry_with(cluster, "Shout.", state=ReviewState.REJECTED)
    assert cluster_rules(cluster) == ["Sign as Ana.", "Be brief.", "Say hello."]
    assert cluster_rules(cluster, limit=1) == ["Sign as Ana."]


def test_an_old_row_without_its_adapter_is_the_base_models(
    make: Callable[..., Adapter], data_dir: Path
) -> None:
    cluster = ClusterFactory(name="Mails")
    adapter = make(cluster)
    table = route_table_publish(routes=current_routes({cluster.pk: adapter}), note="", by=None)
    route = table.routes.get()
    kept, lost = same_route(route, {adapter.pk: adapter}), same_route(route, {})
    assert (kept.kind, kept.adapter_id, kept.adapter_path) == (
        RouteKind.EXPERT,
        adapter.pk,
        adapter.path,
    )
    assert (lost.kind, lost.adapter_id, lost.adapter_path) == (RouteKind.BASE, None, "")
    vectors = (np.frombuffer(row.centroid, np.float32) for row in (kept, lost))
    np.testing.assert_array_equal(*vectors)  # where it is stays, whoever answers
