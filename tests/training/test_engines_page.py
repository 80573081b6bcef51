"""The Engines page: which replica is there, and what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.scripted import ScriptedClient
from uno_site.inference.protocol import EngineHealth
from uno_site.inference.reports import ReplicaReport

ClientFor = Callable[[Any], Client]
REPORTS = [
    ReplicaReport(
        "http://gpu-1:8000",
        "serving",
        health=EngineHealth("ok", "qwen3-8b", "", n_active=3, n_queued=1),
        adapters=("letters-v2",),
    ),
    ReplicaReport(
        "http://gpu-2:8000",
        "behind",
        health=EngineHealth("ok", "qwen3-8b", ""),
        missing=("letters-v2",),
    ),
    ReplicaReport("http://gpu-3:8000", "away", error="It cannot be reached: <refused>."),
]


@pytest.fixture
def page(scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(scripted, "replicas", lambda: REPORTS)
    return reverse("training:engines")


def test_every_replica_is_shown_with_what_it_lacks(
    page: str, curator: Any, client_for: ClientFor
) -> None:
    html = client_for(curator).get(page).content.decode()
    assert all(report.url in html for report in REPORTS)
    assert "letters-v2 is missing" in html
    assert "It cannot be reached: &lt;refused&gt;." in html
    table = html[html.index("gpu-1") :]
    assert table.index("serving") < table.index("lacks adapters") < table.index(">away")


def test_the_page_asks_for_the_table_alone(page: str, curator: Any, client_for: ClientFor) -> None:
    html = client_for(curator).get(page, headers={"HX-Request": "true"}).content.decode()
    assert html.lstrip().startswith("<div")
    assert "<html" not in html
    assert "gpu-3" in html


def test_people_who_chat_do_not_see_the_engines(
    page: str, alice: Any, client_for: ClientFor
) -> None:
    assert client_for(alice).get(page).status_code == 404
