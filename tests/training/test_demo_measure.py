"""What the learning demonstration measures, on a scripted engine."""

from __future__ import annotations

import pytest

from chat import serving
from tests.scripted import AsyncScriptedClient, ScriptedClient
from training.demo.measure import measure
from training.simulation import TOPICS, build_deployment

pytestmark = pytest.mark.django_db


def test_without_routes_before_and_after_are_the_base(
    scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "served_async_client", lambda: AsyncScriptedClient(scripted.reply))
    deployment = build_deployment(0, n_entries_per_topic=2, n_noise=4, n_held_out=3)
    found = measure(deployment, None)
    assert found.keys() == TOPICS.keys()
    for row in found.values():
        assert row["route"] == "base"
        assert row["win_rate"] == 0.5
        for name in ("edit_cost", "on_topic", "rules_obeyed"):
            assert row[f"{name}_before"] == row[f"{name}_after"]
    email = found["email"]
    assert email["edit_cost_before"] > 0
    assert email["rules_obeyed_before"] < 1
