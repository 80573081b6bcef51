"""A stream is begun again only while nobody has seen any of it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.inference.scripted_engine import HASTY, ScriptedEngine, ask, scripted_engines
from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.policy import BreakerLimits

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedEngine]:
    with scripted_engines(1) as engines:
        yield engines[0]


@pytest.fixture
def engine(server: ScriptedEngine) -> ScriptedEngine:
    server.asked.clear()
    server.fail = {}
    return server


@pytest.mark.parametrize("mishap", [503, 500, "break before"])
def test_before_the_first_piece_it_is_begun_again(engine: ScriptedEngine, mishap: object) -> None:
    engine.fail = {CHAT: [mishap]}
    with HttpClient(engine.url, policy=HASTY) as client:
        assert [chunk.text for chunk in client.chat_stream(ask())] == [engine.url, ""]
    assert engine.asked[CHAT] == 2


def test_after_the_first_piece_it_never_is(engine: ScriptedEngine) -> None:
    engine.fail = {CHAT: ["break after"]}
    texts = []
    with (
        HttpClient(engine.url, policy=HASTY) as client,
        pytest.raises(EngineUnreachable, match="broke off"),
    ):
        for chunk in client.chat_stream(ask()):
            texts.append(chunk.text)
    assert texts == [engine.url]
    assert engine.asked[CHAT] == 1


async def test_the_async_client_does_the_same(engine: ScriptedEngine) -> None:
    engine.fail = {CHAT: ["break before", 500, "break after"]}
    policy = replace(HASTY, breaker=BreakerLimits(n_failures=100))
    client = AsyncHttpClient(engine.url, policy=policy)
    texts = []
    with pytest.raises(EngineUnreachable, match="broke off"):
        async for chunk in client.chat_stream(ask()):
            texts.append(chunk.text)
    await client.aclose()
    assert texts == [engine.url]
    assert engine.asked[CHAT] == 3


async def test_a_stream_that_is_closed_early_ends_its_lease(engine: ScriptedEngine) -> None:
    client = AsyncHttpClient(engine.url, policy=HASTY)
    stream = client.chat_stream(ask())
    await anext(stream)
    (replica,) = client._engine.replicas.replicas
    assert replica.n_outstanding == 1
    await stream.aclose()
    assert replica.n_outstanding == 0
    assert replica.is_ready
    await client.aclose()
