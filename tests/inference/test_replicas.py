"""Several servers behind one client: spreading, skipping, adapters everywhere, coming back."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.inference.scripted_engine import BASE, HASTY, ScriptedEngine, ask, scripted_engines
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import EngineRefused, EngineUnreachable
from uno_site.inference.policy import BreakerLimits

CHAT, LOAD = "/v1/chat/completions", "/v1/load_lora_adapter"
ADAPTERS = {"expert": "/adapters/expert", "critic": "/adapters/critic"}


@pytest.fixture
def engines() -> Iterator[list[ScriptedEngine]]:
    with scripted_engines(3) as engines:
        yield engines


@pytest.fixture
def client(engines: list[ScriptedEngine]) -> Iterator[HttpClient]:
    urls = ", ".join(engine.url for engine in engines)
    with HttpClient(urls, policy=HASTY, wanted=lambda: ADAPTERS) as client:
        yield client


def wait_until_back(client: HttpClient, url: str) -> None:
    """Ask until a replica that was away is in service again."""
    deadline = time.monotonic() + 20
    while url not in [replica.url for replica in client._engine.replicas.ready()]:
        assert time.monotonic() < deadline, "the replica did not come back into service"
        client.embed(["anything"])
        time.sleep(0.02)


def test_calls_at_the_same_time_are_spread(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    for engine in engines:
        engine.is_held = True
    threads = [threading.Thread(target=client.chat, args=[ask(user="ana")]) for _ in range(6)]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        while sum(len(engine.models_asked) for engine in engines) < number:
            time.sleep(0.005)
    assert [len(engine.models_asked) for engine in engines] == [2, 2, 2]
    for engine in engines:
        engine.is_held = False
    for thread in threads:
        thread.join()


def test_a_dead_replica_is_skipped_and_nobody_notices(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].stop()
    urls = {client.chat(ask()).text for _ in range(12)}
    assert urls == {engines[1].url, engines[2].url}
    assert [r.url for r in client._engine.replicas.ready()] == [engines[1].url, engines[2].url]


def test_a_failing_replica_hands_its_calls_to_the_others(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].fail = {CHAT: 500}
    engines[1].fail = {CHAT: 429}
    assert {client.chat(ask()).text for _ in range(6)} == {engines[2].url}


def test_an_adapter_is_loaded_everywhere_and_taken_away_everywhere(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[1].adapters["expert"] = "/adapters/expert"  # vLLM refuses to load it twice
    client.load_adapter("expert", "/adapters/expert")
    assert [engine.adapters for engine in engines] == [{"expert": "/adapters/expert"}] * 3
    del engines[1].adapters["expert"]  # it may have been started anew
    client.unload_adapter("expert")
    assert [engine.adapters for engine in engines] == [{}] * 3
    with pytest.raises(EngineRefused, match="cannot be found"):
        client.unload_adapter("expert")


def test_one_replica_that_refuses_an_adapter_is_one_too_many(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[2].refused = {"expert"}
    with pytest.raises(EngineRefused, match=rf"{engines[2].url}.* expert does not fit"):
        client.load_adapter("expert", "/adapters/expert")


def test_a_replica_that_is_away_does_not_hold_up_the_others(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].stop()
    client.load_adapter("expert", "/adapters/expert")
    assert [bool(engine.adapters) for engine in engines] == [False, True, True]
    assert {client.chat(ask("expert")).text for _ in range(4)} == {engines[1].url, engines[2].url}


def test_with_nobody_there_nothing_is_loaded(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    for engine in engines:
        engine.stop()
    with pytest.raises(EngineUnreachable):
        client.load_adapter("expert", "/adapters/expert")


def test_a_replica_that_comes_back_gets_its_adapters_before_any_call(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].stop()
    client.load_adapter("expert", "/adapters/expert")
    engines[0].order.clear()
    engines[0].start()
    wait_until_back(client, engines[0].url)
    assert engines[0].adapters == ADAPTERS
    before_service = [path for path in engines[0].order if path != "/v1/embeddings"]
    assert before_service == ["/health", "/v1/models", LOAD, LOAD]
    assert engines[0].url in {client.chat(ask("critic")).text for _ in range(3)}


def test_an_adapter_that_comes_back_from_another_folder_is_replaced(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].stop()
    client.load_adapter("expert", "/adapters/expert")
    engines[0].start()
    engines[0].adapters = {"expert": "/somewhere/else"}
    wait_until_back(client, engines[0].url)
    assert engines[0].adapters == ADAPTERS


def test_a_replica_that_cannot_have_an_adapter_serves_the_rest(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    for name, path in ADAPTERS.items():
        client.load_adapter(name, path)
    engines[0].refused = {"expert"}
    engines[0].stop()
    for _ in range(6):
        client.chat(ask())
    engines[0].start()
    wait_until_back(client, engines[0].url)
    assert {client.chat(ask("expert")).text for _ in range(6)} == {engines[1].url, engines[2].url}
    assert engines[0].url in {client.chat(ask("critic")).text for _ in range(6)}


def test_a_restart_that_nobody_saw_heals_with_the_first_call(
    engines: list[ScriptedEngine],
) -> None:
    engine = engines[0]
    with HttpClient(engine.url, policy=HASTY, wanted=lambda: ADAPTERS) as client:
        client.load_adapter("expert", "/adapters/expert")
        engine.restart()
        assert engine.adapters == {}
        assert client.chat(ask("expert")).text == engine.url
        assert engine.adapters == ADAPTERS
        engine.restart()
        assert [chunk.text for chunk in client.chat_stream(ask("critic"))] == [engine.url, ""]


def test_an_adapter_that_nobody_wants_but_was_loaded_heals_too(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    client.load_adapter("personal", "/adapters/personal")
    for engine in engines:
        engine.restart()
    assert client.chat(ask("personal")).text in {engine.url for engine in engines}
    client.unload_adapter("personal")
    with pytest.raises(EngineRefused, match="`personal` does not exist"):
        client.chat(ask("personal"))


@pytest.mark.parametrize("failure", [500, 503])
def test_an_adapter_whose_load_fails_takes_no_replica_out_of_service(
    client: HttpClient, engines: list[ScriptedEngine], failure: int
) -> None:
    engines[0].fail = {LOAD: failure}
    for _ in range(3):
        with pytest.raises(EngineRefused, match=rf"{engines[0].url}.* scripted"):
            client.load_adapter("expert", "/adapters/expert")
    assert len(client._engine.replicas.ready()) == 3
    assert {client.chat(ask("expert")).text for _ in range(6)} == {engines[1].url, engines[2].url}
    assert engines[0].url in {client.chat(ask()).text for _ in range(6)}


def test_a_replica_comes_back_although_one_of_its_adapters_fails(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].stop()
    client.load_adapter("expert", "/adapters/expert")
    engines[0].start()
    engines[0].fail = {LOAD: [500] * HASTY.retries.n_attempts}
    wait_until_back(client, engines[0].url)
    assert engines[0].adapters == {"critic": "/adapters/critic"}


def test_a_model_that_nobody_wants_stays_unknown(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    with pytest.raises(EngineRefused, match="`gpt-9` does not exist"):
        client.chat(ask("gpt-9"))
    assert sum(engine.asked[LOAD] for engine in engines) == 0


def test_a_probe_that_finds_nobody_makes_nobody_fail(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].stop()
    for _ in range(8):
        client.chat(ask())
        time.sleep(0.1)
    assert engines[0].url not in [replica.url for replica in client._engine.replicas.ready()]


def test_the_report_tells_serving_behind_and_away(
    client: HttpClient, engines: list[ScriptedEngine]
) -> None:
    engines[0].adapters = dict(ADAPTERS)
    engines[1].adapters = {"expert": "/adapters/expert"}
    engines[2].stop()
    serving, behind, away = client.replicas()
    assert (serving.state, behind.state, away.state) == ("serving", "behind", "away")
    assert serving.adapters == ("critic", "expert")
    assert serving.health is not None
    assert serving.health.base_model == BASE
    assert behind.missing == ("critic",)
    assert engines[2].url in away.error
    client.bring_up_to_date()
    assert [report.state for report in client.replicas()[:2]] == ["serving", "serving"]


def test_a_hung_replica_costs_its_first_callers_their_patience_only(
    engines: list[ScriptedEngine],
) -> None:
    engines[0].fail = {"/v1/embeddings": "hang"}
    policy = replace(HASTY, breaker=BreakerLimits(n_failures=2, open_for=60, max_open_for=60))
    urls = ",".join(engine.url for engine in engines)
    with HttpClient(urls, policy=policy) as client:
        for _ in range(9):
            client.embed(["one"])
    assert engines[0].asked["/v1/embeddings"] == 2
