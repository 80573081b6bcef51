"""Going back: a new version with the older content, step by step, nothing tainted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from chat.models import RouteTable
from chat.services.routes import route_table_active
from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from training.models import Adapter, AdapterState, PromotionAction
from training.services.promotion import promote, retire, rollback
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict

Make = Callable[..., Adapter]


@pytest.fixture
def letters(db: None) -> Cluster:
    return ClusterFactory(name="Letters")


def served() -> list[str]:
    table = route_table_active()
    return [route.adapter_name for route in table.routes.all() if route.adapter_name]


def test_the_older_content_is_published_anew(
    letters: Cluster, make: Make, scripted: ScriptedClient, admin: Any
) -> None:
    old, new = make(letters), make(letters)
    promote([old], admin)
    promote([new], admin)
    promotion = rollback(admin)

    assert served() == [old.name]
    assert promotion.table.version == 3
    assert promotion.restored_table.version == 1
    assert promotion.reason == "Rolled back to version 1"
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (AdapterState.SERVED, AdapterState.RETIRED)
    assert AuditEvent.objects.get(action="routes.rollback").actor == admin


def test_rolling_back_twice_goes_back_two_steps(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    first, second, third = make(letters), make(letters), make(letters)
    for adapter in (first, second, third):
        promote([adapter], None)
    rollback(None)
    assert served() == [second.name]
    rollback(None)
    assert served() == [first.name]
    rollback(None)
    assert served() == []


def test_before_the_first_table_there_was_the_base_model(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    promote([make(letters)], None)
    rollback(None)
    assert served() == []
    assert [route.kind for route in route_table_active().routes.all()] == ["base"]


def test_a_named_table_is_restored(letters: Cluster, make: Make, scripted: ScriptedClient) -> None:
    first, second = make(letters), make(letters)
    promote([first], None)
    promote([second], None)
    promote([make(letters)], None)
    rollback(None, to=RouteTable.objects.get(version=1))
    assert served() == [first.name]


def test_what_was_tainted_since_then_is_left_out(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    old, new = make(letters), make(letters)
    promote([old], None)
    promote([new], None)
    Adapter.objects.filter(pk=old.pk).update(is_tainted=True)
    rollback(None)
    assert served() == []


def test_there_must_be_something_to_go_back_from(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    with pytest.raises(Conflict, match="No route table is published yet"):
        rollback(None)
    promote([make(letters)], None)
    with pytest.raises(Conflict, match="is the one that is served"):
        rollback(None, to=route_table_active())


def test_retiring_takes_one_adapter_off(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    tips = ClusterFactory(name="Tips")
    stays, goes = make(letters), make(tips)
    promote([stays, goes], None)
    promotion = retire(goes, None)
    assert promotion.action == PromotionAction.RETIRE
    assert served() == [stays.name]
    with pytest.raises(Conflict, match="is not served"):
        retire(goes, None)


def test_a_second_click_does_not_go_back_a_second_step(
    letters: Cluster, make: Make, scripted: ScriptedClient, admin: Any, client_for: Any
) -> None:
    first, second = make(letters), make(letters)
    promote([first], None)
    promote([second], None)
    browser, url = client_for(admin), reverse("training:rollback")
    form = {"seen": str(route_table_active().pk)}
    assert form["seen"] in browser.get(reverse("training:routes")).content.decode()
    assert browser.post(url, form).status_code == 302
    assert browser.post(url, form).status_code == 409
    assert served() == [first.name]


@pytest.mark.parametrize("form", [{"to": "abc"}, {"to": str(uuid4())}, {"seen": "abc"}])
def test_a_table_that_is_not_there_is_not_found(
    letters: Cluster, make: Make, scripted: ScriptedClient, admin: Any, client_for: Any, form: Any
) -> None:
    promote([make(letters)], None)
    assert client_for(admin).post(reverse("training:rollback"), form).status_code == 404
    assert route_table_active().version == 1
