"""Adapters on trial are wanted by every engine for as long as the trial lasts."""

import pytest

from tests.scripted import ScriptedClient
from training.services.engine_adapters import loaded
from uno_site.engine_clients import wanted_adapters
from uno_site.inference.errors import EngineUnreachable

pytestmark = pytest.mark.django_db


def test_an_adapter_is_wanted_while_it_is_tried_out() -> None:
    client = ScriptedClient()
    with loaded(client, "trial-1", "/runs/1/epoch-1"):
        assert wanted_adapters() == {"trial-1": "/runs/1/epoch-1"}
        assert client.loaded == {"trial-1": "/runs/1/epoch-1"}
    assert wanted_adapters() == {}
    assert client.loaded == {}


def test_what_could_not_be_loaded_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ScriptedClient()

    def away(name: str, path: str) -> None:
        raise EngineUnreachable("Nobody answers.")

    monkeypatch.setattr(client, "load_adapter", away)
    with pytest.raises(EngineUnreachable), loaded(client, "trial-1", "/runs/1/epoch-1"):
        pass
    assert wanted_adapters() == {}
