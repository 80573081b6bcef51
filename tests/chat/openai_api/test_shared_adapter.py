"""The public API is answered by the shared adapter as the chat is, and by no personal one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chat.test_personal_routes import serve_personal
from tests.chat.test_shared_adapter import serve_shared
from uno_site.accounts.models import User
from uno_site.engine_clients import base_model_name
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def both(alice: User, admin: User) -> None:
    """Alice, whose key it is, has an adapter of her own, and there is a shared one."""
    runtime_settings_change(values={"shared_adapter": True}, by=admin)
    serve_personal(alice)
    serve_shared()


def test_uno_answers_by_it_and_says_so(ask: Any, scripted: Any) -> None:
    why = ask().json()["uno"]
    assert scripted.requests[-1].model == "shared-1"
    assert (why["kind"], why["adapter"], why["adapter_version"]) == ("shared", "shared-1", 1)


def test_the_base_models_name_forces_the_base_model(ask: Any, scripted: Any) -> None:
    ask(model=base_model_name())
    assert scripted.requests[-1].model == base_model_name()


@pytest.mark.parametrize("model", ["personal-1", "shared-1", "adapters/personal-1"])
def test_nobody_asks_for_an_adapter_by_name(ask: Any, scripted: Any, model: str) -> None:
    assert ask(model=model).status_code == 404
    assert scripted.requests == []


def test_the_list_of_models_names_no_adapter(call: Any, scripted: Any) -> None:
    body = call("models").json()
    assert not any("personal" in one["id"] or "shared" in one["id"] for one in body["data"])


def test_its_owners_key_does_not_lead_to_a_personal_adapter(ask: Any, scripted: Any) -> None:
    ask()
    assert "personal-1" not in scripted.script.loaded
