"""What an adapter computed for one person is in nobody else's answer, nor in the base's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inference.conftest import BASE
from tests.inference.lora import make_adapter
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

pytestmark = pytest.mark.model

LONG = "Tell me about the tide, the moon above it, the sand below it and the gulls over it."


@pytest.fixture
def adapters(engine: Any, tmp_path: Any) -> Any:
    """Two strong adapters, of two people."""
    for seed, name in enumerate(("personal-a", "personal-b"), start=1):
        path = make_adapter(tmp_path / name, layers=30, seed=seed, scale=0.3)
        engine.load_adapter(name, str(path))
    yield engine
    for name in ("personal-a", "personal-b"):
        engine.unload_adapter(name)


def say(engine: Any, model: str, user: str) -> tuple[str, int]:
    sampling = Sampling(max_tokens=16, temperature=0.0)
    asked = ChatRequest(model, (ChatMessage("user", LONG),), sampling, user=user)
    answer = engine.chat(asked)
    return answer.text, answer.usage.cached_tokens


def test_answers_are_the_same_whoever_asked_before(adapters: Any) -> None:
    base, _ = say(adapters, BASE, "first")
    own, _ = say(adapters, "personal-a", "ana")
    other, _ = say(adapters, "personal-b", "ben")
    assert len({base, own, other}) == 3
    for model, user, expected in (
        (BASE, "ana", base),
        (BASE, "ben", base),
        ("personal-b", "ana", other),  # as if she were given his: still nothing of hers
        ("personal-a", "ben", own),
    ):
        text, n_cached = say(adapters, model, user)
        assert (text, n_cached) == (expected, 0)


def test_a_new_version_under_an_old_name_begins_anew(adapters: Any, tmp_path: Any) -> None:
    before, _ = say(adapters, "personal-a", "ana")
    adapters.unload_adapter("personal-a")
    path = make_adapter(tmp_path / "again", layers=30, seed=9, scale=0.3)
    adapters.load_adapter("personal-a", str(path))
    after, n_cached = say(adapters, "personal-a", "ana")
    assert after != before
    assert n_cached == 0
