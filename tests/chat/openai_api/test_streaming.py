"""A streamed completion over the real server: as it is written, and freed when nobody reads."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from chat.models import Conversation
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import DailyUsage
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatChunk, ChatRequest

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"model": "uno", "messages": [{"role": "user", "content": "Hello"}], "stream": True}


class EndlessClient(AsyncScriptedClient):
    """Writes until it is closed, or silently waits; ``is_closed`` when every slot is free."""

    def __init__(self, *, is_silent: bool = False) -> None:
        super().__init__()
        self.is_silent = is_silent
        self.has_begun, self.is_closed = threading.Event(), threading.Event()
        self.n_open = 0

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        self.n_open += 1
        self.has_begun.set()
        try:
            while True:
                if not self.is_silent:
                    yield ChatChunk("more ")
                await asyncio.sleep(0.02)
        finally:
            self.n_open -= 1
            if not self.n_open:
                self.is_closed.set()


class BreakingClient(AsyncScriptedClient):
    """Breaks off after two words."""

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        yield ChatChunk("one ")
        yield ChatChunk("two")
        raise EngineUnreachable("http://secret:81 broke off.")


@pytest.fixture
def http(live_url: str, token: str) -> Any:
    with httpx.Client(
        base_url=live_url, headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        yield client


def events_of(response: httpx.Response) -> list[Any]:
    lines = [line for line in response.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    texts = [line.removeprefix("data: ") for line in lines]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]


def until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_the_events_are_openais(http, scripted) -> None:
    response = http.post("/v1/chat/completions", json=BODY)
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, done = events_of(response)
    assert done == "[DONE]"
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert text == "A scripted reply."
    last = chunks[-1]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["uno"]["is_stored"] is True
    assert {chunk["id"] for chunk in chunks} == {
        f"chatcmpl-{Conversation.objects.get().leaf_id.hex}"
    }
    assert not any("usage" in chunk for chunk in chunks)


def test_the_token_counts_come_last_where_asked_for(http, scripted) -> None:
    body = BODY | {"stream_options": {"include_usage": True}}
    *_, last, _done = events_of(http.post("/v1/chat/completions", json=body))
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}


def test_an_engine_that_breaks_off_is_told_in_the_stream(http, serve_with) -> None:
    serve_with(BreakingClient())
    response = http.post("/v1/chat/completions", json=BODY)
    assert response.status_code == 200
    *chunks, last = events_of(response)
    assert chunks[-1]["choices"][0]["delta"] == {"content": "two"}
    assert last["error"]["code"] == "engine_unreachable"
    assert "secret" not in last["error"]["message"]
    assert not Conversation.objects.exists()


def test_a_reader_that_leaves_frees_the_engine(http, serve_with) -> None:
    client = serve_with(EndlessClient())
    with http.stream("POST", "/v1/chat/completions", json=BODY) as response:
        lines = response.iter_lines()
        while "more" not in next(lines):
            pass
        assert not client.is_closed.is_set()
    assert client.is_closed.wait(10)
    assert not Conversation.objects.exists()
    until(lambda: DailyUsage.objects.filter(n_messages=1, n_tokens__gte=1).exists())


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_before_the_first_text_frees_the_engine(
    http, serve_with, stream: bool
) -> None:
    client = serve_with(EndlessClient(is_silent=True))
    with pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json=BODY | {"stream": stream}, timeout=1.0)
    assert client.has_begun.is_set()
    assert client.is_closed.wait(10)


def test_many_streams_are_written_at_once(http, serve_with) -> None:
    client = serve_with(EndlessClient())
    with ExitStack() as readers:
        read = []
        for _ in range(8):
            stream = http.stream("POST", "/v1/chat/completions", json=BODY)
            read.append(readers.enter_context(stream).iter_lines())
            while "more" not in next(read[-1]):
                pass
        assert client.n_open == 8
    assert client.is_closed.wait(10)
