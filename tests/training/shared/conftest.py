"""People who say what they want, and the shared adapter switched on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Message
from tests.training.personal.conftest import say, scripted_mask
from training.models import Adapter, TrainingRun
from training.services.reporting import SilentReporter
from training.services.shared.updating import shared_update
from uno_site.accounts.models import User
from uno_site.runtime.services import runtime_settings_change

N_EACH = 8


@pytest.fixture(autouse=True)
def wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence classifier is curation's to test; here "please" asks and "thanks" praises."""
    monkeypatch.setattr("training.services.personal.queue.sentence_classifier", lambda *_: None)
    monkeypatch.setattr("training.services.personal.queue.mask_of", scripted_mask)


@pytest.fixture
def switched_on(admin: User) -> None:
    """The admins have switched it on."""
    runtime_settings_change(values={"shared_adapter": True}, by=admin)


@pytest.fixture
def talk(alice: User, bob: User, switched_on: None) -> dict[str, list[Message]]:
    """Replies about which alice and bob asked for something: enough for one update."""
    return {user.username: [say(user) for _ in range(N_EACH)] for user in (alice, bob)}


@pytest.fixture
def update(
    scripted: Any, torch_base: Any, trainer: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], TrainingRun]:
    """One update whose version passes its check, with a trainer that is scripted."""
    monkeypatch.setattr("training.services.personal.runs.misfit", lambda *_: "")
    scripted.reply = lambda request: (
        f"You ask: {request.messages[-1].content} I say: {request.model}"
    )

    def make() -> TrainingRun:
        run = shared_update(SilentReporter())
        assert run is not None
        return run

    return make


@pytest.fixture
def served(talk: dict[str, list[Message]], update: Callable[[], TrainingRun]) -> Adapter:
    """The first version, which answers."""
    return update().adapters.get()
