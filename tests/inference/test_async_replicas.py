"""The web process's client: probes in the background, one replica with the adapter is enough."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from tests.inference.scripted_engine import HASTY, ScriptedEngine, ask, scripted_engines
from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.errors import CircuitOpen, EngineRefused

LOAD = "/v1/load_lora_adapter"
ADAPTERS = {"expert": "/adapters/expert"}


async def wanted() -> Mapping[str, str]:
    return ADAPTERS


@pytest.fixture
def engines() -> Iterator[list[ScriptedEngine]]:
    with scripted_engines(2) as engines:
        yield engines


@pytest.fixture
async def client(engines: list[ScriptedEngine]) -> AsyncIterator[AsyncHttpClient]:
    urls = ",".join(engine.url for engine in engines)
    client = AsyncHttpClient(urls, policy=HASTY, wanted=wanted)
    yield client
    await client.aclose()


async def wait_until_back(client: AsyncHttpClient, url: str) -> None:
    deadline = time.monotonic() + 20
    while url not in [replica.url for replica in client._engine.replicas.ready()]:
        assert time.monotonic() < deadline, "the replica did not come back into service"
        await client.embed(["anything"])
        await asyncio.sleep(0.02)


async def test_a_known_adapter_is_not_asked_for_again(client, engines) -> None:
    for _ in range(3):
        await client.load_adapter("expert", "/adapters/expert")
    assert [engine.asked[LOAD] for engine in engines] == [1, 1]
    await client.unload_adapter("expert")
    assert [engine.adapters for engine in engines] == [{}, {}]
    await client.load_adapter("expert", "/adapters/expert")
    assert [engine.asked[LOAD] for engine in engines] == [2, 2]


async def test_one_replica_that_can_serve_the_adapter_is_enough(client, engines) -> None:
    engines[0].refused = {"expert"}
    for _ in range(3):
        await client.load_adapter("expert", "/adapters/expert")
    assert [engine.asked[LOAD] for engine in engines] == [1, 1]
    assert {(await client.chat(ask("expert"))).text for _ in range(4)} == {engines[1].url}
    engines[1].refused = {"other"}
    engines[0].refused = {"expert", "other"}
    with pytest.raises(EngineRefused, match="other does not fit"):
        await client.load_adapter("other", "/adapters/other")


async def test_nobody_waits_for_a_probe_while_others_serve(client, engines) -> None:
    engines[0].stop()
    for _ in range(6):
        await client.chat(ask())
    engines[0].start()
    engines[0].fail = {"/health": ["hang", "hang", "hang"]}
    await asyncio.sleep(0.3)
    started = time.monotonic()
    assert (await client.chat(ask())).text == engines[1].url
    assert time.monotonic() - started < HASTY.timeouts.probe


async def test_a_replica_that_comes_back_gets_its_adapters_before_any_call(client, engines) -> None:
    engines[0].stop()
    await client.load_adapter("expert", "/adapters/expert")
    engines[0].order.clear()
    engines[0].start()
    await wait_until_back(client, engines[0].url)
    assert engines[0].order[:3] == ["/health", "/v1/models", LOAD]
    assert engines[0].url in {(await client.chat(ask("expert"))).text for _ in range(3)}


async def test_with_nobody_else_the_caller_waits_for_the_probe(engines) -> None:
    engine = engines[0]
    client = AsyncHttpClient(engine.url, policy=HASTY, wanted=wanted)
    engine.stop()
    for _ in range(2):
        with pytest.raises(Exception, match=engine.url):
            await client.chat(ask())
    with pytest.raises(CircuitOpen):
        await client.chat(ask())
    engine.start()
    await asyncio.sleep(0.3)
    assert (await client.chat(ask("expert"))).text == engine.url
    assert engine.adapters == ADAPTERS
    await client.aclose()


async def test_a_probe_that_is_cut_off_is_made_again(client, engines) -> None:
    (replica, _) = client._engine.replicas.replicas
    replica.breaker.record_failure("gone", is_fatal=True)
    engines[0].fail = {"/health": ["hang"]}
    await asyncio.sleep(0.3)
    await client.chat(ask())
    assert replica.breaker.state == "half-open"
    await client.aclose()
    assert replica.breaker.state == "open"
    assert "broke off" in replica.breaker.last_error


async def test_a_restart_that_nobody_saw_heals_with_the_first_call(client, engines) -> None:
    await client.load_adapter("expert", "/adapters/expert")
    for engine in engines:
        engine.restart()
    texts = [chunk.text async for chunk in client.chat_stream(ask("expert"))]
    assert texts[0] in {engine.url for engine in engines}
    assert (await client.chat(ask("expert"))).text in {engine.url for engine in engines}


async def test_an_adapter_that_nobody_wants_heals_after_a_restart(client, engines) -> None:
    await client.load_adapter("personal", "/adapters/personal")
    for engine in engines:
        engine.restart()
    await client.load_adapter("personal", "/adapters/personal")
    texts = [chunk.text async for chunk in client.chat_stream(ask("personal"))]
    assert texts[0] in {engine.url for engine in engines}


async def test_an_adapter_that_another_process_unloaded_is_loaded_again(engines) -> None:
    engine = engines[0]
    client = AsyncHttpClient(engine.url, policy=HASTY, wanted=wanted)
    await client.load_adapter("personal", "/adapters/personal")
    engine.adapters.clear()
    assert (await client.chat(ask("personal"))).text == engine.url
    engine.adapters.clear()
    engine.refused = {"personal"}
    with pytest.raises(EngineRefused, match="`personal` does not exist"):
        await client.chat(ask("personal"))
    with pytest.raises(EngineRefused, match="personal does not fit"):
        await client.load_adapter("personal", "/adapters/personal")
    await client.aclose()


async def test_an_adapter_whose_load_fails_leaves_the_engine_in_service(engines) -> None:
    engine = engines[0]
    client = AsyncHttpClient(engine.url, policy=HASTY, wanted=wanted)
    engine.fail = {LOAD: 500}
    for _ in range(3):
        with pytest.raises(EngineRefused, match="scripted"):
            await client.load_adapter("expert", "/adapters/expert")
    assert (await client.chat(ask())).text == engine.url
    engine.stop()
    for _ in range(2):
        with pytest.raises(Exception, match=engine.url):
            await client.chat(ask())
    engine.start()
    await asyncio.sleep(0.3)
    assert (await client.chat(ask())).text == engine.url
    await client.aclose()
