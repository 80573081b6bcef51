"""A canary serves a share first: started, raised, promoted and rolled back, all on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import ServedRoute
from chat.services.routes import route_table_active
from curation.models import Cluster
from tests.factories import ClusterFactory, FeedbackFactory, ReplyFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.errors import PromotionRefused
from training.models import Adapter, AdapterState
from training.services.canary import canary_serve, canary_stop
from training.services.canary_report import CanaryReport, canary_reports
from training.services.promotion import promote, retire, rollback
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict, InvalidInput

Make = Callable[..., Adapter]
ClientFor = Callable[[Any], Client]
pytestmark = pytest.mark.usefixtures("scripted")


@pytest.fixture
def letters(db: None) -> Cluster:
    cluster = ClusterFactory(name="Letters")
    make_material(cluster, 2)
    return cluster


def served() -> list[tuple[str, str, int | None]]:
    """Cluster, adapter and share of each route that is served."""
    routes = route_table_active().routes.all()
    return [(r.cluster_name, r.adapter_name, r.canary_percent) for r in routes]


def state(adapter: Adapter) -> str:
    adapter.refresh_from_db()
    return adapter.state


def test_a_canary_stands_beside_what_was_served_before(
    letters: Cluster, make: Make, scripted: ScriptedClient, admin: Any
) -> None:
    old, new = make(letters), make(letters)
    promote([old], None)
    canary_serve(new, 10, admin)
    assert served() == [("Letters", old.name, None), ("Letters", new.name, 10)]
    assert (state(old), state(new)) == (AdapterState.SERVED, AdapterState.CANARY)
    assert set(scripted.loaded) == {old.name, new.name}
    event = AuditEvent.objects.get(action="routes.canary")
    assert (event.actor, event.data["canary_percent"]) == (admin, 10)


def test_the_share_is_raised_and_then_everybody_is_served(letters: Cluster, make: Make) -> None:
    old, new = make(letters), make(letters)
    promote([old], None)
    canary_serve(new, 10, None)
    assert canary_serve(new, 50, None).reason.endswith("from 10 % to 50 % of the conversations")
    assert AuditEvent.objects.filter(action="routes.share").count() == 1
    promote([new], None)
    assert served() == [("Letters", new.name, None)]
    assert (state(old), state(new)) == (AdapterState.RETIRED, AdapterState.SERVED)


def test_a_canary_is_rolled_back_and_the_rest_goes_on(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    old, new = make(letters), make(letters)
    promote([old], None)
    canary_serve(new, 10, None)
    canary_stop(new, None)
    assert served() == [("Letters", old.name, None)]
    assert state(new) == AdapterState.RETIRED
    assert list(scripted.loaded) == [old.name]
    with pytest.raises(Conflict, match="is no canary"):
        canary_stop(new, None)


def test_other_promotions_leave_a_canary_alone_and_rollback_restores_it(
    letters: Cluster, make: Make
) -> None:
    new = make(letters)
    canary_serve(new, 20, None)
    promote([make(ClusterFactory(name="Tips"))], None)
    assert ("Letters", new.name, 20) in served()
    canary_stop(new, None)
    rollback(None)
    assert ("Letters", new.name, 20) in served()
    assert state(new) == AdapterState.CANARY


def test_a_tainted_canary_is_not_restored(letters: Cluster, make: Make) -> None:
    new = make(letters)
    canary_serve(new, 20, None)
    canary_stop(new, None)
    Adapter.objects.filter(pk=new.pk).update(is_tainted=True)
    rollback(None)
    assert served() == [("Letters", "", None)]


def test_a_canary_can_be_taken_off_with_its_cluster_s_adapter_left(
    letters: Cluster, make: Make
) -> None:
    old, new = make(letters), make(letters)
    promote([old], None)
    canary_serve(new, 20, None)
    retire(old, None)
    assert served() == [("Letters", "", None), ("Letters", new.name, 20)]


def test_what_makes_no_sense_is_refused(letters: Cluster, make: Make) -> None:
    adapter = make(letters)
    with pytest.raises(InvalidInput, match="cannot answer 0 %"):
        canary_serve(adapter, 0, None)
    promote([adapter], None)
    with pytest.raises(PromotionRefused, match="served to everybody"):
        canary_serve(adapter, 10, None)
    refused = make(letters, state=AdapterState.REFUSED)
    with pytest.raises(PromotionRefused, match="has not passed verification"):
        canary_serve(refused, 10, None)


def thumbs(route: ServedRoute, n_up: int, n_down: int) -> None:
    for n in range(n_up + n_down):
        FeedbackFactory(message=ReplyFactory(served_route=route), thumb=1 if n < n_up else -1)


def report() -> CanaryReport:
    (found,) = canary_reports(route_table_active())
    return found


def test_thumbs_of_both_sides_are_compared_since_it_began(letters: Cluster, make: Make) -> None:
    old, new = make(letters), make(letters)
    promote([old], None)
    thumbs(route_table_active().routes.settled().get(), 0, 5)
    canary_serve(new, 10, None)
    assert (report().canary.n_replies, report().rest.n_replies) == (0, 0)
    assert (report().canary.ratio, report().verdict) == (None, "open")
    thumbs(route_table_active().routes.canaries().get(), 9, 1)
    canary_serve(new, 20, None)
    thumbs(route_table_active().routes.canaries().get(), 10, 0)
    thumbs(route_table_active().routes.settled().get(), 2, 8)
    found = report()
    assert (found.canary.n_replies, found.canary.n_up, found.canary.n_down) == (20, 19, 1)
    assert (found.rest.n_replies, found.rest.n_up, found.rest.n_down) == (10, 2, 8)
    assert found.canary.ratio.mean == 0.95
    assert (round(found.rest.ratio.low, 3), round(found.rest.ratio.high, 3)) == (0.057, 0.51)
    assert found.verdict == "better"


def test_the_comparison_asks_four_questions_however_many_canaries(
    letters: Cluster, make: Make, django_assert_num_queries: Any
) -> None:
    for cluster in (letters, ClusterFactory(name="Tips"), ClusterFactory(name="Plans")):
        canary_serve(make(cluster), 10, None)
    table = route_table_active()
    with django_assert_num_queries(4):
        assert len(canary_reports(table)) == 3


def test_by_click(letters: Cluster, make: Make, admin: Any, client_for: ClientFor) -> None:
    adapter, browser = make(letters), client_for(admin)
    url = reverse("training:adapter_promote", args=[adapter.pk])
    page = browser.post(url, {"percent": "10"}, follow=True).content.decode()
    assert "answers 10 % of its conversations now" in page
    assert "canary, 10 %" in page
    assert "There are no thumbs on both sides yet." in page
    assert browser.post(url, {"percent": "a lot"}).status_code == 400
    page = browser.post(url, {"percent": "100"}, follow=True).content.decode()
    assert "is served now" in page
    assert "canary, " not in page


def test_rolling_back_by_click(
    letters: Cluster, make: Make, admin: Any, curator: Any, client_for: ClientFor
) -> None:
    adapter = make(letters)
    canary_serve(adapter, 10, None)
    url = reverse("training:adapter_stop_canary", args=[adapter.pk])
    assert client_for(curator).post(url).status_code == 404
    assert "Set share" not in client_for(curator).get(reverse("training:routes")).content.decode()
    page = client_for(admin).post(url, follow=True).content.decode()
    assert "no longer answers anybody" in page


def test_over_the_api(letters: Cluster, make: Make, admin: Any, client_for: ClientFor) -> None:
    adapter, browser = make(letters), client_for(admin)
    url = "/api/v1/promotions/canary/"
    body = {"adapter": str(adapter.pk), "percent": 25}
    answer = browser.post(url, body, content_type="application/json")
    assert (answer.status_code, answer.json()["action"]) == (201, "canary")
    answer = browser.post(url, {**body, "percent": 0}, content_type="application/json")
    assert answer.json()["action"] == "stop"
