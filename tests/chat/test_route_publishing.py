"""Publishing routes: whole versions, one of them active, none ever changed."""

from uuid import uuid4

import numpy as np
import pytest

from chat.models import RouteKind, RouteTable, ServedRoute
from chat.services.routes import (
    RouteSpec,
    route_specs,
    route_table_active,
    route_table_publish,
)
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.django_db


def spec(**values) -> RouteSpec:
    defaults = {
        "cluster_id": uuid4(),
        "cluster_name": "E-mails",
        "kind": RouteKind.EXPERT,
        "centroid": np.array([0.6, 0.8], dtype=np.float64),
        "distance_limit": 0.9,
        "adapter_id": uuid4(),
        "adapter_name": "e-mails-v1",
        "adapter_version": 1,
        "adapter_path": "runs/1/adapter",
        "rules": ("Be brief.",),
    }
    return RouteSpec(**{**defaults, **values})


def test_nothing_is_active_before_the_first_publication() -> None:
    assert route_table_active() is None


def test_a_publication_is_the_next_version_and_the_only_active_one(admin) -> None:
    first = route_table_publish(routes=[spec()], note="first", by=admin)
    second = route_table_publish(routes=[spec(), spec()], note="second", by=None)
    assert (first.version, second.version) == (1, 2)
    assert route_table_active() == second
    assert RouteTable.objects.filter(is_active=True).count() == 1
    assert first.published_by == admin
    assert first.routes.count() == 1


def test_the_content_of_a_table_can_be_published_again() -> None:
    table = route_table_publish(
        routes=[spec(), spec(kind=RouteKind.BASE, adapter_name="", adapter_id=None)],
        note="",
        by=None,
    )
    again = route_table_publish(routes=route_specs(table), note="rollback", by=None)
    fields = ("cluster_id", "kind", "adapter_name", "adapter_path", "distance_limit", "rules")
    assert sorted(map(str, again.routes.values_list(*fields))) == sorted(
        map(str, table.routes.values_list(*fields))
    )
    assert np.allclose(again.routes.first().centroid_vector, [0.6, 0.8])


@pytest.mark.parametrize(
    ("routes", "what"),
    [
        ([spec(adapter_name="")], "names no adapter"),
        ([spec(kind="oracle")], "no route"),
        ([spec(), spec(centroid=np.ones(3))], "different dimensions"),
        ([spec(cluster_id="0" * 32), spec(cluster_id="0" * 32)], "two routes"),
    ],
)
def test_a_bad_table_is_refused_and_the_old_one_goes_on_serving(routes, what) -> None:
    table = route_table_publish(routes=[spec()], note="", by=None)
    with pytest.raises(InvalidInput, match=what):
        route_table_publish(routes=routes, note="", by=None)
    assert route_table_active() == table
    assert ServedRoute.objects.count() == 1
