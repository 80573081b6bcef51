"""Which route a query gets, by hand-computed distances."""

from uuid import uuid4

import numpy as np
import pytest

from chat.models import RouteKind
from chat.route_choice import choose_route
from chat.services.routes import RouteSpec, route_table_publish

pytestmark = pytest.mark.django_db


def publish(*centroids, limit=None):
    specs = [
        RouteSpec(uuid4(), f"Topic {n}", RouteKind.BASE, np.array(centroid), limit)
        for n, centroid in enumerate(centroids)
    ]
    return route_table_publish(routes=specs, note="", by=None)


def test_without_a_table_the_base_answers() -> None:
    choice = choose_route([1.0, 0.0], None)
    assert (choice.route, choice.kind, choice.reason) == (None, "base", "no_routes")


def test_the_nearest_centroid_is_chosen() -> None:
    table = publish([1.0, 0.0], [0.0, 1.0])
    choice = choose_route([3.0, 4.0], table)  # normalised: (.6, .8)
    assert choice.route.cluster_name == "Topic 1"
    assert choice.distance == pytest.approx(np.hypot(0.6, 0.2), abs=1e-6)
    assert (choice.reason, choice.table_version) == ("nearest", table.version)


def test_a_query_beyond_the_limit_is_unseen_and_names_the_nearest_topic() -> None:
    choice = choose_route([0.0, 1.0], publish([1.0, 0.0], limit=1.0))
    assert (choice.route, choice.kind, choice.reason) == (None, "base", "unseen")
    assert choice.nearest.cluster_name == "Topic 0"
    assert choice.distance == pytest.approx(np.sqrt(2))
    assert choice.limit == 1.0


def test_an_embedding_of_another_embedder_goes_to_the_base() -> None:
    choice = choose_route([1.0, 0.0, 0.0], publish([1.0, 0.0]))
    assert (choice.route, choice.reason) == (None, "other_embedder")
