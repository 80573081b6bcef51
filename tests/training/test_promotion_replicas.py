"""Promotion on several engines: all that answer have the adapter before a route names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.services.routes import route_table_active
from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.inference.scripted_engine import ScriptedEngine
from training.errors import PromotionRefused
from training.models import Adapter
from training.services import publishing
from training.services.promotion import promote, retire
from uno_site import engine_clients
from uno_site.inference.errors import EngineUnreachable

Make = Callable[..., Adapter]


@pytest.fixture
def letters(db: None) -> Cluster:
    return ClusterFactory(name="Letters")


def test_the_adapter_is_everywhere_before_the_route_is_published(
    letters: Cluster, make: Make, engines: list[ScriptedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = make(letters)
    seen: list[dict[str, str]] = []
    publish = publishing.route_table_publish

    def watched(**values: Any) -> Any:
        seen.extend(dict(engine.adapters) for engine in engines)
        return publish(**values)

    monkeypatch.setattr(publishing, "route_table_publish", watched)
    promote([adapter], None)
    assert seen == [{adapter.name: adapter.path}] * 2
    retire(adapter, None)
    assert [engine.adapters for engine in engines] == [{}, {}]


def test_one_engine_that_refuses_it_stops_the_promotion(
    letters: Cluster, make: Make, engines: list[ScriptedEngine]
) -> None:
    adapter = make(letters)
    engines[1].refused = {adapter.name}
    with pytest.raises(PromotionRefused, match=r"cannot load .* does not fit"):
        promote([adapter], None)
    assert route_table_active() is None


def test_an_engine_that_is_away_does_not(
    letters: Cluster, make: Make, engines: list[ScriptedEngine]
) -> None:
    adapter = make(letters)
    engines[0].stop()
    promote([adapter], None)
    assert engines[1].adapters == {adapter.name: adapter.path}
    assert engine_clients.wanted_adapters() == {adapter.name: adapter.path}
    reports = engine_clients.served_client().replicas()
    assert [report.state for report in reports] == ["away", "serving"]


def test_with_every_engine_away_nothing_is_published(
    letters: Cluster, make: Make, engines: list[ScriptedEngine]
) -> None:
    adapter = make(letters)
    for engine in engines:
        engine.stop()
    with pytest.raises(EngineUnreachable):
        promote([adapter], None)
    assert route_table_active() is None
