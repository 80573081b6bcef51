"""What another gap threshold would change: shown by a slider or a plain form, never saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster, CurationPolicy
from curation.what_if import route_at, what_if
from tests.factories import ClusterFactory
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def clusters() -> dict[str, Cluster]:
    values: dict[str, dict[str, Any]] = {
        "low": {"gap": 0.2},
        "edge": {"gap": 0.45},
        "high": {"gap": 0.8},
        "unmeasured": {"gap": None},
        "noise": {"gap": 0.8, "is_noise": True},
        "excluded": {"gap": 0.2, "is_excluded": True},
    }
    return {name: ClusterFactory(name=name, **value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("gap", "threshold", "route"),
    [
        (0.45, 0.45, "critic"),
        (0.4499, 0.45, "expert"),
        (0.0, 0.0, "critic"),
        (1.0, 1.0, "critic"),
        (None, 0.0, "base"),
    ],
)
def test_the_route_at_a_threshold(gap: float | None, threshold: float, route: str) -> None:
    assert route_at(Cluster(gap=gap), threshold) == route


def test_what_trains_nothing_stays_with_the_base_model() -> None:
    assert route_at(Cluster(gap=0.9, is_noise=True), 0.1) == "base"
    assert route_at(Cluster(gap=0.9, is_excluded=True), 0.1) == "base"


@pytest.mark.parametrize(
    ("threshold", "changed", "n_experts", "n_critics"),
    [(0.45, [], 1, 2), (0.46, ["edge"], 2, 1), (0.1, ["low"], 0, 3), (0.9, ["edge", "high"], 3, 0)],
)
def test_changes_by_hand(
    clusters: dict[str, Cluster],
    threshold: float,
    changed: list[str],
    n_experts: int,
    n_critics: int,
) -> None:
    found = what_if(threshold)
    assert sorted(c.cluster.name for c in found.changes if c.is_changed) == changed
    assert found.n_changed == len(changed)
    assert found.counts == [
        ("Expert", 1, n_experts),
        ("Critic", 2, n_critics),
        ("Base model", 3, 3),
    ]


def test_a_retired_cluster_has_no_say(clusters: dict[str, Cluster]) -> None:
    from django.utils import timezone

    ClusterFactory(gap=0.2, retired_at=timezone.now())
    assert len(what_if(0.1).changes) == len(clusters)


def test_the_form_works_without_javascript(
    curator: User, client_for: SignIn, clusters: dict[str, Cluster]
) -> None:
    html = client_for(curator).get(reverse("curation:clusters"), {"threshold": "0.9"})
    text = html.content.decode()
    assert 'type="number" name="threshold" value="0.9"' in text
    assert "At 0.90 instead of 0.45, 2 clusters would take another route." in text


def test_the_slider_gets_a_fragment(
    curator: User, client_for: SignIn, clusters: dict[str, Cluster]
) -> None:
    answer = client_for(curator).get(reverse("curation:what-if"), {"threshold": "0.46"})
    text = answer.content.decode()
    assert "<html" not in text
    assert "1 cluster would take another route" in text


def test_looking_changes_nothing(
    admin: User, client_for: SignIn, clusters: dict[str, Cluster]
) -> None:
    before = list(Cluster.objects.order_by("pk").values_list("pk", "gap_route", "updated_at"))
    client_for(admin).get(reverse("curation:what-if"), {"threshold": "0.1"})
    assert CurationPolicy.current().gap_threshold == 0.45
    assert list(Cluster.objects.order_by("pk").values_list("pk", "gap_route", "updated_at")) == (
        before
    )
    assert not AuditEvent.objects.exists()
    assert client_for(admin).post(reverse("curation:what-if")).status_code == 405


@pytest.mark.parametrize("value", ["", "x", "1.01", "-0.1", "nan"])
def test_what_is_no_threshold_is_told(
    curator: User, client_for: SignIn, clusters: dict[str, Cluster], value: str
) -> None:
    answer = client_for(curator).get(reverse("curation:what-if"), {"threshold": value})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "field-error" in text
    assert "<table" not in text


def test_strangers_do_not_see_it(alice: User, client_for: SignIn) -> None:
    assert client_for(alice).get(reverse("curation:what-if")).status_code in (403, 404)
