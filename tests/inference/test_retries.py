"""What is asked a second time, what is not, and how long the client waits."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.inference.scripted_engine import HASTY, ScriptedEngine, ask, scripted_engines
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import (
    CircuitOpen,
    EngineBusy,
    EngineFailed,
    EngineRefused,
    EngineTimedOut,
    EngineUnreachable,
)
from uno_site.inference.policy import BreakerLimits
from uno_site.ports import free_port

CHAT = "/v1/chat/completions"
#: The breaker has its own tests.
PERSISTENT = replace(HASTY, breaker=BreakerLimits(n_failures=100))


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedEngine]:
    with scripted_engines(1) as engines:
        yield engines[0]


@pytest.fixture
def engine(server: ScriptedEngine) -> Iterator[ScriptedEngine]:
    server.asked.clear()
    yield server
    server.fail, server.headers = {}, {}


@pytest.fixture
def client(engine: ScriptedEngine) -> Iterator[HttpClient]:
    with HttpClient(engine.url, policy=PERSISTENT) as client:
        yield client


@pytest.mark.parametrize("status", [500, 502, 429, 503])
def test_a_passing_trouble_is_not_seen(
    client: HttpClient, engine: ScriptedEngine, status: int
) -> None:
    engine.fail = {CHAT: [status, status]}
    assert client.chat(ask()).text == engine.url
    assert engine.asked[CHAT] == 3


def test_a_lasting_trouble_is_told_after_the_last_attempt(
    client: HttpClient, engine: ScriptedEngine
) -> None:
    engine.fail = {CHAT: 500}
    with pytest.raises(EngineFailed, match="answered 500: scripted"):
        client.chat(ask())
    assert engine.asked[CHAT] == HASTY.retries.n_attempts


def test_a_refusal_is_final(client: HttpClient, engine: ScriptedEngine) -> None:
    engine.fail = {CHAT: 400}
    with pytest.raises(EngineRefused):
        client.chat(ask())
    assert engine.asked[CHAT] == 1


def test_a_reply_that_takes_too_long_is_not_asked_for_again(
    client: HttpClient, engine: ScriptedEngine
) -> None:
    engine.fail = {CHAT: ["hang"]}
    with pytest.raises(EngineTimedOut, match="did not answer in time"):
        client.chat(ask())
    assert engine.asked[CHAT] == 1


def test_a_look_up_that_takes_too_long_is_made_again(
    client: HttpClient, engine: ScriptedEngine
) -> None:
    engine.fail = {"/v1/embeddings": ["hang"]}
    assert client.embed(["one"]).shape == (1, 2)
    assert engine.asked["/v1/embeddings"] == 2


def test_a_busy_server_is_given_the_time_it_asks_for(engine: ScriptedEngine) -> None:
    retries = replace(HASTY.retries, max_wait=0.4)
    engine.fail, engine.headers = {CHAT: [429]}, {"Retry-After": "0.3"}
    with HttpClient(engine.url, policy=replace(PERSISTENT, retries=retries)) as client:
        started = time.monotonic()
        client.chat(ask())
    assert 0.3 <= time.monotonic() - started < 2


def test_a_busy_server_is_busy_in_the_end(client: HttpClient, engine: ScriptedEngine) -> None:
    engine.fail = {CHAT: 429}
    with pytest.raises(EngineBusy):
        client.chat(ask())


def test_batches_are_more_patient(client: HttpClient, engine: ScriptedEngine) -> None:
    engine.fail = {CHAT: [503] * 8}
    (result,) = client.chat_many([ask()])
    assert result.text == engine.url
    assert engine.asked[CHAT] == 9


def test_an_engine_that_is_gone_is_left_alone_after_a_few_failures() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with HttpClient(url, policy=HASTY) as client:
        with pytest.raises(EngineUnreachable, match=url):
            client.chat(ask())
        with pytest.raises(CircuitOpen, match=rf"{url} has failed repeatedly.*cannot be reached"):
            client.chat(ask())


def test_a_health_question_is_asked_once_whatever_was_before(engine: ScriptedEngine) -> None:
    engine.fail = {CHAT: 500, "/health": [500]}
    policy = replace(HASTY, breaker=BreakerLimits(n_failures=2, open_for=60, max_open_for=60))
    with HttpClient(engine.url, policy=policy) as client:
        for _ in range(2):
            with pytest.raises((EngineFailed, CircuitOpen)):
                client.chat(ask())
        with pytest.raises(EngineFailed):
            client.health()
        assert client.health().base_model == "base"
        assert engine.asked["/health"] == 2
