"""Promotion publishes; what cannot be served is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.models import RouteKind, RouteTable
from chat.services.routes import route_table_active
from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.errors import PromotionRefused
from training.models import Adapter, AdapterState, Promotion
from training.services.promotion import promote, rollback
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict
from uno_site.inference.errors import AdapterInvalid, EngineUnreachable

Make = Callable[..., Adapter]


@pytest.fixture
def letters(db: None) -> Cluster:
    cluster = ClusterFactory(name="Letters")
    make_material(cluster, 2)
    return cluster


def routes() -> dict[str, str]:
    table = route_table_active()
    return {} if table is None else {r.cluster_name: r.kind for r in table.routes.all()}


def test_every_current_cluster_gets_a_route(
    letters: Cluster, make: Make, scripted: ScriptedClient, admin: Any
) -> None:
    ClusterFactory(name="Tips")
    adapter = make(letters)
    promotion = promote([adapter], admin)

    assert routes() == {"Letters": "expert", "Tips": "base"}
    route = promotion.table.routes.get(cluster_id=letters.pk)
    assert (route.adapter_id, route.adapter_path) == (adapter.pk, adapter.path)
    assert route.centroid_vector.shape == (384,)
    assert route.rules == ["Keep the answer brief."]
    adapter.refresh_from_db()
    assert adapter.state == AdapterState.SERVED
    assert scripted.loaded == {adapter.name: adapter.path}
    event = AuditEvent.objects.get(action="routes.promote")
    assert (event.actor, event.data["version"]) == (admin, 1)


def test_other_clusters_keep_their_adapters(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    tips = ClusterFactory(name="Tips")
    promote([make(letters)], None)
    second = promote([make(tips)], None)
    assert routes() == {"Letters": "expert", "Tips": "expert"}
    assert second.previous_table.version == 1


def test_a_newer_adapter_takes_the_place_of_the_older(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    old, new = make(letters), make(letters)
    assert (old.version, new.version) == (1, 2)
    promote([old], None)
    promote([new], None)
    old.refresh_from_db()
    assert old.state == AdapterState.RETIRED
    assert list(scripted.loaded) == [new.name]


@pytest.mark.parametrize("state", [AdapterState.CANDIDATE, AdapterState.REFUSED])
def test_what_was_not_accepted_is_never_served(
    letters: Cluster, make: Make, scripted: ScriptedClient, state: str
) -> None:
    with pytest.raises(PromotionRefused, match="has not passed verification"):
        promote([make(letters, state=state)], None)
    assert route_table_active() is None


def test_a_tainted_adapter_is_refused(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    adapter = make(letters, is_tainted=True, taint_reason="Somebody withdrew.")
    with pytest.raises(PromotionRefused, match="Somebody withdrew"):
        promote([adapter], None)


@pytest.mark.parametrize("field", ["is_noise", "is_excluded"])
def test_noise_and_excluded_clusters_are_never_served(
    letters: Cluster, make: Make, scripted: ScriptedClient, field: str
) -> None:
    adapter = make(letters)
    Cluster.objects.filter(pk=letters.pk).update(**{field: True})
    with pytest.raises(PromotionRefused, match=r"noise|excluded"):
        promote([adapter], None)


def test_damaged_files_are_refused_and_the_old_table_stays(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    good, bad = make(letters), make(ClusterFactory(name="Tips"))
    promote([good], None)
    Path(bad.path, "adapter_model.safetensors").write_text("something else")
    with pytest.raises(PromotionRefused, match="damaged or gone"):
        promote([bad], None)
    assert route_table_active().version == 1
    assert routes() == {"Letters": "expert", "Tips": "base"}


def test_what_the_engine_cannot_load_is_refused_and_the_old_table_stays(
    letters: Cluster, make: Make, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote([make(letters)], None)

    def refuse(name: str, path: str) -> None:
        raise AdapterInvalid(f"Adapter {path} does not fit the base.")

    monkeypatch.setattr(scripted, "load_adapter", refuse)
    newer = make(letters)
    with pytest.raises(PromotionRefused, match=r"cannot load .* does not fit the base"):
        promote([newer], None)
    newer.refresh_from_db()
    assert newer.state == AdapterState.ACCEPTED
    assert RouteTable.objects.count() == Promotion.objects.count() == 1


def test_an_engine_that_is_away_is_told_as_such(
    letters: Cluster, make: Make, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str, path: str) -> None:
        raise EngineUnreachable("Nobody answers at http://127.0.0.1:1.")

    monkeypatch.setattr(scripted, "load_adapter", away)
    with pytest.raises(EngineUnreachable):
        promote([make(letters)], None)
    assert route_table_active() is None


def test_nothing_to_promote_is_refused(db: None, scripted: ScriptedClient) -> None:
    with pytest.raises(PromotionRefused, match="nothing to promote"):
        promote([], None)


def test_a_critic_is_published_as_a_critic(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    promote([make(letters, kind=RouteKind.CRITIC)], None)
    assert routes() == {"Letters": "critic"}


def test_promoting_what_is_served_makes_no_version_to_roll_back_to(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    old, new = make(letters), make(letters)
    promote([old], None)
    promote([new], None)
    with pytest.raises(Conflict, match="served already"):
        promote([new], None)
    assert RouteTable.objects.count() == 2
    rollback(None)
    assert route_table_active().routes.get(cluster_id=letters.pk).adapter_id == old.pk


def test_what_has_changed_since_is_published(
    letters: Cluster, make: Make, scripted: ScriptedClient
) -> None:
    adapter = make(letters)
    promote([adapter], None)
    Cluster.objects.update(name="Long letters")
    assert promote([adapter], None).table.version == 2
    assert routes() == {"Long letters": "expert"}
