"""Keys, a plain way to call the public API, and a live server for OpenAI's own client."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from django.http import HttpResponse
from django.test import Client

from tests.scripted import AsyncScriptedClient
from uno_site.accounts.api_keys import api_key_create
from uno_site.accounts.models import ApiKey, Scope, User
from uno_site.ports import free_port

START_SECONDS = 30

Call = Callable[..., HttpResponse]


@pytest.fixture
def new_key() -> Callable[..., tuple[ApiKey, str]]:
    """Makes a key of somebody with all scopes, or some."""

    def make(user: User, *scopes: str) -> tuple[ApiKey, str]:
        return api_key_create(user=user, name="A program", scopes=scopes or Scope.values)

    return make


@pytest.fixture
def token(alice: User, new_key: Any) -> str:
    """Alice's key."""
    return new_key(alice)[1]


@pytest.fixture
def scripted(serve_with: Callable[[Any], Any]) -> AsyncScriptedClient:
    """The engine, which answers "A scripted reply."."""
    return serve_with(AsyncScriptedClient())


@pytest.fixture
def call(token: str) -> Call:
    """Send a request: ``call(path, body)``; a body of bytes goes out as it is."""

    def send(path: str, body: Any = None, *, key: str | None = token, verb: str = "") -> Any:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        data = body if isinstance(body, bytes) else json.dumps(body)
        method = verb or ("GET" if body is None else "POST")
        return Client(enforce_csrf_checks=True).generic(
            method, f"/v1/{path}", data, content_type="application/json", headers=headers
        )

    return send


@pytest.fixture
def ask(call: Call) -> Call:
    """Ask for a completion of one user turn; further fields by name."""

    def send(content: str = "How do I sleep better?", *, key: str = "", **fields: Any) -> Any:
        body = {"model": "uno", "messages": [{"role": "user", "content": content}], **fields}
        return call("chat/completions", body, **({"key": key} if key else {}))

    return send


@pytest.fixture
def live_url(transactional_db: None) -> Iterator[str]:
    """The address of the real ASGI application, served by uvicorn in a thread."""
    from uno_site.asgi import application

    port = free_port()
    config = uvicorn.Config(
        application, host="127.0.0.1", port=port, lifespan="off", log_level="warning"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "uvicorn ended"
        assert time.monotonic() < deadline, "uvicorn did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(START_SECONDS)
