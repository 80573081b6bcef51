"""From the map to a changed clustering: look, then do, in a browser's steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster, ClusterMap, LogEntry
from curation.services.clustering import clusters_update
from curation.services.mapping import map_update
from tests.curation.test_clustering_identity import around
from uno_site.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
Make = Callable[..., LogEntry]


@pytest.fixture
def client(placed_entry: Make, curator: User, client_for: Callable[[User], Client]) -> Client:
    for axis, n in ((0, 10), (1, 14)):
        for vector in around(axis, n, seed=axis):
            placed_entry(vector)
    clusters_update()
    map_update()
    return client_for(curator)


def look(client: Client, **data: Any) -> Any:
    return client.post(reverse("curation:regroup-points"), data)


def apply(client: Client, **data: Any) -> Any:
    return client.post(reverse("curation:regroup-apply"), data, follow=True)


def chosen(n: int) -> dict[str, str]:
    return {"map": str(ClusterMap.objects.get().pk), "points": ",".join(map(str, range(n)))}


def test_merging_is_shown_and_then_done(client: Client) -> None:
    keys = [str(key) for key in Cluster.objects.values_list("pk", flat=True)]
    page = client.get(reverse("curation:regroup"), {"kind": "merge", "cluster": keys})
    assert [group.n_entries for group in page.context["preview"].before] == [14, 10]
    assert [group.n_entries for group in page.context["preview"].after] == [24]
    stamp = page.context["plan"].stamp
    done = apply(client, kind="merge", cluster=keys, stamp=stamp)
    assert "Done." in done.content.decode()
    assert "Made by hand" in done.content.decode()
    merged = Cluster.objects.current().get()
    client.post(reverse("curation:cluster-release", args=[merged.pk]))
    merged.refresh_from_db()
    assert not merged.is_by_hand


def test_splitting_takes_exactly_one_cluster(client: Client) -> None:
    keys = [str(key) for key in Cluster.objects.values_list("pk", flat=True)]
    page = client.get(reverse("curation:regroup"), {"kind": "split", "cluster": keys})
    assert page.status_code == 400
    page = client.get(reverse("curation:regroup"), {"kind": "split", "cluster": keys[:1]})
    assert len(page.context["preview"].after) == 2


def test_the_lasso_splits_off(client: Client) -> None:
    page = look(client, kind="split_off", **chosen(5))
    [new] = [group for group in page.context["preview"].after if group.cluster is None]
    assert new.n_entries == 5
    apply(client, kind="split_off", stamp=page.context["plan"].stamp, **chosen(5))
    ids = ClusterMap.objects.get().ids[:5]
    assert LogEntry.objects.filter(pk__in=ids).values("cluster").distinct().count() == 1
    assert Cluster.objects.current().count() == 3


def test_the_lasso_excludes_after_a_look(client: Client) -> None:
    page = look(client, kind="exclude", **chosen(3))
    assert page.context["n_entries"] == 3
    assert not LogEntry.objects.filter(is_excluded=True).exists()
    apply(client, kind="exclude", **chosen(3))
    ids = set(LogEntry.objects.filter(is_excluded=True).values_list("pk", flat=True))
    assert ids == set(ClusterMap.objects.get().ids[:3])


@pytest.mark.parametrize(
    "change",
    [
        {"points": ""},
        {"points": "0,x"},
        {"points": "99"},
        {"kind": "destroy"},
        {"map": "not-an-id"},
    ],
)
def test_what_is_no_choice_is_refused(client: Client, change: dict[str, str]) -> None:
    values = {"kind": "exclude", **chosen(3), **change}
    assert look(client, **values).status_code == 400
    assert apply(client, **values).status_code == 400


def test_a_map_that_was_drawn_anew_is_refused(client: Client) -> None:
    values = chosen(3)
    ClusterMap.objects.get().delete()
    LogEntry.objects.first().delete()
    map_update()
    assert look(client, kind="exclude", **values).status_code == 409
    assert apply(client, kind="split_off", **values).status_code == 409


def test_another_plan_than_the_one_looked_at_is_refused(client: Client) -> None:
    answer = apply(client, kind="split_off", stamp="0" * 32, **chosen(5))
    assert answer.status_code == 409
    assert Cluster.objects.current().count() == 2


def test_an_unknown_cluster_is_refused(client: Client) -> None:
    data = {"kind": "merge", "cluster": ["00000000-0000-0000-0000-000000000000"]}
    assert client.get(reverse("curation:regroup"), data).status_code == 400
