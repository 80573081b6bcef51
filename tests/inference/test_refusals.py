import threading

import httpx
import pytest

from tests.inference.conftest import BASE, run_engine
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import EngineBusy, EngineRefused, EngineUnreachable
from uno_site.ports import free_port

pytestmark = pytest.mark.model


def test_an_unknown_model_is_refused_with_the_bases_name(engine, ask):
    with pytest.raises(EngineRefused, match=f"'gpt-9'.*{BASE}"):
        engine.chat(ask("Hi", model="gpt-9"))
    with pytest.raises(EngineRefused, match="'gpt-9'"):
        list(engine.chat_stream(ask("Hi", model="gpt-9")))


def test_a_prompt_longer_than_the_context_is_refused_with_the_numbers(engine, ask):
    with pytest.raises(EngineRefused, match=r"\d{4} tokens; the context holds 1024"):
        engine.chat(ask("word " * 1500))


def test_a_reply_is_cut_to_the_room_that_is_left(engine, ask):
    result = engine.chat(ask("word " * 980, 500))
    assert result.usage.prompt_tokens + result.usage.completion_tokens <= 1024


def test_a_malformed_request_is_refused_by_its_field(engine):
    response = httpx.post(f"{engine.base_url}/v1/chat/completions", json={"model": BASE})
    assert response.status_code == 400
    assert "messages" in response.json()["error"]["message"]


def test_an_unreachable_engine_is_named():
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(EngineUnreachable, match=url):
        HttpClient(url).health()


def test_a_full_queue_is_busy_and_a_token_is_asked_for(data_dir, ask):
    options = ("--slots", "1", "--queue", "1", "--context", "512")
    with run_engine(data_dir, *options, token="s3cret") as engine:
        running = engine.chat_stream(ask("A long story, please.", 450, temperature=0.9, seed=4))
        next(running)
        waiting = threading.Thread(target=lambda: engine.chat(ask("Hi", 1)))
        waiting.start()
        while engine.health().n_queued == 0:
            pass
        with pytest.raises(EngineBusy, match="queue is full"):
            engine.chat(ask("Hi", 1))
        running.close()
        waiting.join(timeout=30)
        assert not waiting.is_alive()
        with pytest.raises(EngineRefused, match="token"):
            HttpClient(engine.base_url, "wrong").models()


def test_a_missing_model_file_ends_the_engine_with_its_path(data_dir, capfd):
    with (
        pytest.raises(AssertionError, match=r"UNO_MODEL_PATH names .*nowhere\.gguf"),
        run_engine(data_dir, "--model", str(data_dir / "nowhere.gguf")),
    ):
        pass
