"""A promotion keeps its routes off unrelated prompts, or is refused with their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from chat.models import ServedRoute
from chat.route_choice import choose_route
from chat.services.routes import route_table_active
from curation.models import Cluster, LogEntry
from tests.factories import ClusterFactory, UserFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material, patch_engine
from training.errors import ReachRefused
from training.evaluation.strangers import load_strangers
from training.models import Adapter
from training.services.learn_options import LearnOptions
from training.services.pass_promotion import promote_within_reach
from training.services.promotion import promote, retire
from training.services.reporting import SilentReporter
from uno_site.audit.models import AuditEvent
from uno_site.errors import InvalidInput
from uno_site.inference.errors import EngineRefused

Make = Callable[..., Adapter]
ClientFor = Callable[[Any], Client]
EAST = np.array([1.0, 0.0], "<f4").tobytes()


class PlaneClient(ScriptedClient):
    """Embeds in a plane: the first ``n_near`` strangers lie 30 degrees off east, the rest west."""

    n_near = 13

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        near = set(load_strangers()[: self.n_near])
        rows = [[np.cos(np.pi / 6), 0.5] if text in near else [-1.0, 0.0] for text in texts]
        return np.array(rows, np.float32)


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> PlaneClient:
    client = PlaneClient()
    patch_engine(monkeypatch, client)
    return client


@pytest.fixture
def letters(db: None) -> Cluster:
    """Reaches 0.9; its entries lie where the test puts them, at first 0.2 off."""
    cluster = ClusterFactory(name="Letters", centroid=EAST, distance_limit=0.9)
    make_material(cluster, 4, cluster_distance=0.2)
    return cluster


def reaches() -> dict[str, float | None]:
    return {
        r.cluster_name: r.distance_limit for r in ServedRoute.objects.filter(table__is_active=1)
    }


def test_the_sample_is_of_many_kinds_and_without_doubles() -> None:
    texts = load_strangers()
    assert len(set(texts)) == len(texts) >= 100


def test_a_route_ends_before_the_strangers(
    letters: Cluster, make: Make, plane: PlaneClient, admin: Any
) -> None:
    promote([make(letters)], admin)
    assert 0.517 < reaches()["Letters"] < 0.518  # 2·sin(15°)
    letters.refresh_from_db()
    assert letters.distance_limit == 0.9, "only what is served is narrowed"
    stranger = plane.embed(load_strangers()[:1])[0]
    assert choose_route(stranger, route_table_active()).reason == "unseen"
    told = AuditEvent.objects.get(action="routes.promote").data
    assert told["strangers_to_base"] == 1.0
    assert told["narrowed"] == {"Letters": {"reach": 0.518, "kept": 1.0}}


def test_two_strangers_in_a_hundred_are_no_matter(
    letters: Cluster, make: Make, plane: PlaneClient
) -> None:
    plane.n_near = 2
    promote([make(letters)], None)
    assert reaches() == {"Letters": 0.9}


def test_a_cluster_that_swallows_is_refused_with_share_and_examples(
    letters: Cluster, make: Make, plane: PlaneClient
) -> None:
    LogEntry.objects.update(cluster_distance=0.7)
    adapter = make(letters)
    with pytest.raises(ReachRefused) as refused:
        promote([adapter], None)
    n = len(load_strangers())
    assert f"only {n - 13} (90%) would be left" in str(refused.value)
    assert "Letters takes 13, such as “Write a limerick about a clumsy waiter.”" in str(
        refused.value
    )
    assert refused.value.cluster_ids == (letters.pk,)
    assert route_table_active() is None


def test_an_admin_may_let_it_pass_with_a_reason(
    letters: Cluster, make: Make, plane: PlaneClient, admin: Any
) -> None:
    LogEntry.objects.update(cluster_distance=0.7)
    adapter = make(letters)
    with pytest.raises(InvalidInput, match="need a reason"):
        promote([adapter], admin, is_wide_allowed=True)
    promote([adapter], admin, "Poets write letters here.", is_wide_allowed=True)
    assert reaches() == {"Letters": 0.9}
    event = AuditEvent.objects.get(action="routes.promote")
    assert event.actor == admin
    assert event.data["reason"] == "Poets write letters here."
    assert (event.data["is_wide_allowed"], event.data["strangers_to_base"]) == (True, 0.897)


def test_the_base_models_routes_take_nobody(
    letters: Cluster, make: Make, plane: PlaneClient
) -> None:
    north = np.array([0.0, 1.0], "<f4").tobytes()
    tips = ClusterFactory(name="Tips", centroid=north, distance_limit=0.1)
    promote([make(tips)], None)
    assert reaches() == {"Letters": 0.9, "Tips": 0.1}


def test_taking_another_off_keeps_a_route_narrow(
    letters: Cluster, make: Make, plane: PlaneClient
) -> None:
    west = np.array([0.0, -1.0], "<f4").tobytes()
    other = make(ClusterFactory(name="Tips", centroid=west, distance_limit=0.1))
    promote([make(letters), other], None)
    retire(other, None)
    assert 0.517 < reaches()["Letters"] < 0.518


def test_without_embeddings_nothing_is_routed_and_nothing_checked(
    letters: Cluster, make: Make, plane: PlaneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(texts: Sequence[str]) -> np.ndarray:
        raise EngineRefused("This engine embeds nothing.")

    monkeypatch.setattr(plane, "embed", refuse)
    promote([make(letters)], None)
    assert reaches() == {"Letters": 0.9}


def test_centroids_of_another_embedder_are_left_alone(
    make: Make, plane: PlaneClient, db: None
) -> None:
    promote([make(ClusterFactory(name="Old"))], None)
    assert reaches() == {"Old": 1.0}


def test_a_pass_of_the_loop_serves_the_others(
    letters: Cluster, make: Make, plane: PlaneClient
) -> None:
    LogEntry.objects.update(cluster_distance=0.7)
    south = np.array([0.0, -1.0], "<f4").tobytes()
    tips = make(ClusterFactory(name="Tips", centroid=south, distance_limit=0.1))
    report = SilentReporter()
    promotion = promote_within_reach(report, None, LearnOptions(), [make(letters), tips])
    assert [adapter.pk for adapter in promotion.adapters.all()] == [tips.pk]
    kinds = {route.cluster_name: route.kind for route in promotion.table.routes.all()}
    assert kinds == {"Letters": "base", "Tips": "expert"}
    assert promote_within_reach(report, None, LearnOptions(), [make(letters)]) is None
    wide = promote_within_reach(report, None, LearnOptions(is_reach_checked=False), [make(letters)])
    assert wide.table.routes.get(cluster_name="Letters").distance_limit == 0.9


def test_the_page_refuses_and_lets_pass(
    letters: Cluster,
    make: Make,
    plane: PlaneClient,
    client_for: ClientFor,
    admin: Any,
    curator: Any,
) -> None:
    LogEntry.objects.update(cluster_distance=0.7)
    url = reverse("training:adapter_promote", args=[make(letters).pk])
    form = {"is_wide_allowed": "on", "reason": "Poets."}
    assert client_for(UserFactory()).post(url, form).status_code == 404
    assert client_for(curator).post(url, form).status_code == 404
    answer = client_for(admin).post(url)
    assert answer.status_code == 409
    assert "have nothing to do with the clusters" in answer.content.decode()
    assert client_for(admin).post(url, {"is_wide_allowed": "on"}).status_code == 400
    assert client_for(admin).post(url, form).status_code == 302
    assert reaches() == {"Letters": 0.9}
