"""``manage.py ask``: the answer, and which route gave it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat.models import RouteTable
from chat.provenance import Provenance
from chat.serving import Answer
from training.management.commands import ask
from uno_site.inference.errors import EngineUnreachable

ROUTED = Provenance(
    kind="expert",
    reason="nearest",
    model="smollm2",
    cluster_name="Letters",
    distance=0.4,
    distance_limit=0.9,
    table_version=3,
    adapter_name="letters-expert-v2",
    adapter_version=2,
    rules=("Begin with Hi.",),
)


def run(monkeypatch: pytest.MonkeyPatch, reply: Any, *arguments: str) -> tuple[str, dict[str, Any]]:
    asked: dict[str, Any] = {}

    def answer(messages: Any, **options: Any) -> Answer:
        asked.update(options, messages=messages)
        if isinstance(reply, Exception):
            raise reply
        return reply

    monkeypatch.setattr(ask, "answer", answer)
    out = io.StringIO()
    call_command("ask", "Write a letter.", *arguments, stdout=out)
    return out.getvalue(), asked


def test_the_route_is_named(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    table = RouteTable.objects.create(version=3, is_active=True)
    text, asked = run(monkeypatch, Answer("Hi, there. [x]", ROUTED))
    assert text.startswith("Hi, there. [x]")
    for words in (
        "expert",
        "Letters",
        "0.400 (limit 0.900)",
        "letters-expert-v2",
        "Begin with Hi.",
        "v3",
    ):
        assert words in text, words
    assert asked["table"] == table
    assert asked["messages"][0].content == "Write a letter."
    assert not asked["force_base"]


def test_the_base_model_says_why(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    why = Provenance(kind="base", reason="no_routes", model="smollm2")
    text, asked = run(monkeypatch, Answer("Sure.", why), "--base", "--seed", "3")
    assert "base model" in text
    assert "nothing is promoted yet" in text
    assert (asked["force_base"], asked["sampling"].seed) == (True, 3)


def test_an_engine_that_is_away_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    with pytest.raises(CommandError, match="Nobody answers"):
        run(monkeypatch, EngineUnreachable("Nobody answers at http://x."))
