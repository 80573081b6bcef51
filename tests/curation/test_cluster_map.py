"""The map: drawn when clusters change, and told to those who may see each entry."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from curation.cluster_map import UNMEASURED, UNPLACED
from curation.models import Cluster, ClusterMap, LogEntry, Rule
from curation.services.clustering import clusters_rebuild, clusters_update
from curation.services.mapping import is_map_stale, map_update
from curation.services.regrouping import plan_merge, regroup
from curation.services.review import item_approve
from tests.curation.test_clustering_identity import around
from uno_site.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
Make = Callable[..., LogEntry]
SignIn = Callable[[User], Client]


@pytest.fixture
def drawn(placed_entry: Make) -> ClusterMap:
    """A map of ten and fourteen entries."""
    for axis, n in ((0, 10), (1, 14)):
        for vector in around(axis, n, seed=axis):
            placed_entry(vector)
    clusters_update()
    map_update()
    return ClusterMap.objects.get()


def points(client: Client) -> dict:
    found = client.get(reverse("curation:map-points")).json()
    types = {"x": "<i2", "y": "<i2", "cluster": "<u2", "gap": "u1", "age": "<u2", "state": "u1"}
    for name, kind in types.items():
        found[name] = np.frombuffer(base64.b64decode(found[name]), dtype=kind)
    return found


def test_without_clusters_there_is_nothing_to_draw(db: None) -> None:
    assert not is_map_stale()


def test_it_is_drawn_once_for_the_same_clusters(drawn: ClusterMap) -> None:
    assert not is_map_stale()
    clusters_rebuild()
    assert not map_update().is_new
    assert ClusterMap.objects.get().pk == drawn.pk


def test_new_entries_make_a_new_map(drawn: ClusterMap, placed_entry: Make) -> None:
    placed_entry(around(0, 1, seed=9)[0])
    clusters_update()
    assert is_map_stale()
    report = map_update()
    assert (report.n_entries, report.is_new) == (25, True)
    assert ClusterMap.objects.get().pk != drawn.pk
    assert not is_map_stale()


def test_reviewing_rules_takes_no_entry_off_the_map(drawn: ClusterMap, curator: User) -> None:
    for rule in Rule.objects.all():
        item_approve(item=rule, by=curator)
    ClusterMap.objects.all().delete()
    assert map_update().n_entries == drawn.n_entries


def test_merging_moves_nobody_so_points_stay_valid(drawn: ClusterMap, curator: User) -> None:
    plan = plan_merge(list(Cluster.objects.current()))
    regroup(plan=plan, stamp=plan.stamp, by=curator)
    assert is_map_stale()
    assert not map_update().is_new
    assert not is_map_stale()


def test_points_tell_cluster_gap_age_and_state(
    drawn: ClusterMap, curator: User, client_for: SignIn
) -> None:
    first, second = drawn.ids[:2]
    LogEntry.objects.filter(pk=first).update(gap=0.37)
    LogEntry.objects.filter(pk=second).update(is_excluded=True, flags=["not_grounded"])
    found = points(client_for(curator))
    assert [c["n"] for c in found["clusters"]] == [14, 10]
    assert found["gap"][:2].tolist() == [37, UNMEASURED]
    assert found["state"][:2].tolist() == [0, 3]
    assert set(found["age"]) == {0}
    ids = [found["clusters"][number]["id"] for number in found["cluster"]]
    by_id = {str(e.pk): str(e.cluster_id) for e in LogEntry.objects.all()}
    assert ids == [by_id[str(entry_id)] for entry_id in drawn.ids]
    assert found["x"] / 32767 == pytest.approx(drawn.places[:, 0], abs=1e-4)


def test_who_withdrew_has_no_point(drawn: ClusterMap, curator: User, client_for: SignIn) -> None:
    entry = LogEntry.objects.get(pk=drawn.ids[0])
    entry.user.training_consent = False
    entry.user.save()
    client = client_for(curator)
    found = points(client)
    assert (found["cluster"][0], found["x"][0], found["y"][0]) == (UNPLACED, 0, 0)
    assert (found["cluster"][1:] != UNPLACED).all()
    assert client.get(reverse("curation:map-entry", args=[drawn.pk, 0])).status_code == 404


def test_a_point_shows_question_and_feedback(
    drawn: ClusterMap, curator: User, client_for: SignIn
) -> None:
    entry = LogEntry.objects.get(pk=drawn.ids[3])
    LogEntry.objects.filter(pk=entry.pk).update(
        query="<b>Bold</b> question", feedback=[{"kind": "comment", "text": "Too <i>long</i>"}]
    )
    client = client_for(curator)
    shown = client.get(reverse("curation:map-entry", args=[drawn.pk, 3])).content.decode()
    assert "&lt;b&gt;Bold&lt;/b&gt; question" in shown
    assert "Too &lt;i&gt;long&lt;/i&gt;" in shown
    assert reverse("curation:entry", args=[entry.pk]) in shown
    assert client.get(reverse("curation:map-entry", args=[drawn.pk, 24])).status_code == 404


def test_the_page_lists_clusters_with_their_exemplars(
    drawn: ClusterMap, curator: User, client_for: SignIn
) -> None:
    page = client_for(curator).get(reverse("curation:map"), {"colour": "age"})
    assert page.context["colour"] == "age"
    assert [len(exemplars) for _, exemplars in page.context["items"]] == [3, 3]
    shown = page.content.decode()
    for cluster in Cluster.objects.current():
        assert cluster.name in shown
    assert (
        client_for(curator).get(reverse("curation:map") + "?colour=x").context["colour"] == "route"
    )


def test_before_anything_is_drawn_the_page_says_so(curator: User, client_for: SignIn) -> None:
    page = client_for(curator).get(reverse("curation:map"))
    assert "No map yet" in page.content.decode()
    assert client_for(curator).get(reverse("curation:map-points")).status_code == 404


def test_a_user_finds_nothing(drawn: ClusterMap, alice: User, client_for: SignIn) -> None:
    client = client_for(alice)
    for url in (
        reverse("curation:map"),
        reverse("curation:map-points"),
        reverse("curation:map-entry", args=[drawn.pk, 0]),
        reverse("curation:regroup"),
    ):
        assert client.get(url).status_code == 404, url
    for name in ("regroup-points", "regroup-apply"):
        assert client.post(reverse(f"curation:{name}")).status_code == 404
    release = reverse("curation:cluster-release", args=[Cluster.objects.first().pk])
    assert client.post(release).status_code == 404
