"""``manage.py engines``: which replicas serve, and what they lack."""

import io

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from chat.models import RouteKind
from chat.services.routes import RouteSpec, route_adapters, route_table_publish
from tests.inference.scripted_engine import ScriptedEngine
from uno_site import engine_clients

pytestmark = pytest.mark.django_db


def publish(name: str) -> None:
    adapter = {"adapter_name": name, "adapter_path": f"/adapters/{name}"} if name else {}
    spec = RouteSpec(
        cluster_id="00000000-0000-0000-0000-000000000001",  # type: ignore[arg-type]
        cluster_name="Letters",
        kind=RouteKind.EXPERT if name else RouteKind.BASE,
        centroid=np.ones(2, np.float32),
        **adapter,
    )
    route_table_publish(routes=[spec], note="", by=None)


def run(*options: str) -> str:
    output = io.StringIO()
    call_command("engines", *options, stdout=output)
    return output.getvalue()


def test_the_served_routes_say_which_adapters_engines_should_have() -> None:
    assert route_adapters() == {}
    publish("old")
    publish("new")
    assert route_adapters() == {"new": "/adapters/new"}
    assert engine_clients.wanted_adapters() == {"new": "/adapters/new"}
    publish("")
    assert route_adapters() == {}


def test_engines_that_serve_are_listed(engines: list[ScriptedEngine]) -> None:
    publish("letters-v1")
    for engine in engines:
        engine.adapters = {"letters-v1": "/adapters/letters-v1"}
    text = run()
    assert text.count("serving") == 2
    assert text.count("letters-v1") == 2
    assert all(engine.url in text for engine in engines)


def test_what_an_engine_lacks_is_an_error_until_it_is_loaded(
    engines: list[ScriptedEngine],
) -> None:
    publish("letters-v1")
    engines[0].adapters = {"letters-v1": "/adapters/letters-v1"}
    with pytest.raises(CommandError, match="1 of 2 engines"):
        run()
    assert run("--sync").count("serving") == 2
    assert engines[1].adapters == {"letters-v1": "/adapters/letters-v1"}


def test_an_engine_that_is_away_is_named_with_the_reason(engines: list[ScriptedEngine]) -> None:
    engines[1].stop()
    output = io.StringIO()
    with pytest.raises(CommandError, match="1 of 2 engines"):
        call_command("engines", stdout=output)
    assert "away" in output.getvalue()
    assert "cannot be reached" in output.getvalue()
