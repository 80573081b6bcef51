"""A far side for the clients: an HTTP server with vLLM's API that misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from uno_site.inference.policy import (
    BreakerLimits,
    ClientPolicy,
    RetryLimits,
    Timeouts,
)
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling
from uno_site.ports import free_port

BASE = "base"
HANG_S = 6
#: Everything that a client waits for, shortened so that the tests need not.
HASTY = ClientPolicy(
    timeouts=Timeouts(connect=2, probe=2, lookup=1.5, adapter=3, embed=1.5, generate=1.5),
    retries=RetryLimits(first_wait=0.01, max_wait=0.05),
    patient_retries=RetryLimits(n_attempts=9, first_wait=0.01, max_wait=0.05),
    breaker=BreakerLimits(n_failures=2, open_for=0.2, max_open_for=0.2),
)


def ask(model: str = BASE, user: str | None = None) -> ChatRequest:
    """A chat request."""
    return ChatRequest(model, (ChatMessage("user", "Hi"),), Sampling(max_tokens=4), user=user)


class ScriptedEngine:
    """One server. ``fail`` maps paths to what goes wrong there; ``asked`` counts requests.

    What can go wrong: an HTTP status, ``"hang"``, ``"break before"`` or ``"break after"`` the
    first piece of a stream; a list is used up one by one, then all is well. ``refused`` names
    adapters that it does not load. ``hold`` keeps every chat waiting while it is set.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.adapters: dict[str, str] = {}
        self.refused: set[str] = set()
        self.fail: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.order: list[str] = []
        self.models_asked: list[str] = []
        self.headers: dict[str, str] = {}
        self.is_held = False
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve, with nothing loaded: as a process that was started anew."""
        self.adapters = {}
        config = uvicorn.Config(self._app(), port=self.port, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < deadline, "the scripted engine did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """Be gone, as a process that was killed."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(timeout=20)
            self._server = None

    def restart(self) -> None:
        """Be gone, and back with nothing loaded."""
        self.stop()
        self.start()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/embeddings", self._embed, methods=["POST"]),
                Route("/tokenize", self._tokenize, methods=["POST"]),
                Route("/v1/load_lora_adapter", self._load, methods=["POST"]),
                Route("/v1/unload_lora_adapter", self._unload, methods=["POST"]),
            ]
        )

    async def _mishap(self, request: Request) -> Response | str | None:
        path = request.url.path
        self.asked[path] += 1
        self.order.append(path)
        failure = self.fail.get(path)
        if isinstance(failure, list):
            failure = failure.pop(0) if failure else None
        if failure == "hang":
            await asyncio.sleep(HANG_S)
        if isinstance(failure, int):
            body = {"error": {"message": "scripted", "type": "scripted", "code": failure}}
            return JSONResponse(body, failure, headers=self.headers)
        return failure

    async def _health(self, request: Request) -> Response:
        wrong = await self._mishap(request)
        return wrong if isinstance(wrong, Response) else Response()

    async def _models(self, request: Request) -> Response:
        wrong = await self._mishap(request)
        if isinstance(wrong, Response):
            return wrong
        rows = [{"id": BASE, "root": BASE, "parent": None}]
        rows += [{"id": n, "root": p, "parent": BASE} for n, p in self.adapters.items()]
        return JSONResponse({"data": rows})

    async def _chat(self, request: Request) -> Response:
        wrong = await self._mishap(request)
        if isinstance(wrong, Response):
            return wrong
        body = await request.json()
        if body["model"] not in (BASE, *self.adapters):
            message = f"The model `{body['model']}` does not exist."
            return JSONResponse({"error": {"message": message, "code": 404}}, 404)
        self.models_asked.append(body["model"])
        while self.is_held:
            await asyncio.sleep(0.01)
        if body["stream"]:
            return StreamingResponse(self._events(wrong), media_type="text/event-stream")
        choice = {"message": {"content": self.url}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        return JSONResponse({"model": body["model"], "choices": [choice], "usage": usage})

    async def _events(self, wrong: object) -> AsyncIterator[str]:
        def event(text: str, reason: str | None = None) -> str:
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
            return f"data: {json.dumps({'choices': [choice]})}\n\n"

        yield event("")
        if wrong == "break before":
            raise ConnectionError
        yield event(self.url)
        if wrong == "break after":
            raise ConnectionError
        yield event("", "stop")
        yield "data: [DONE]\n\n"

    async def _embed(self, request: Request) -> Response:
        wrong = await self._mishap(request)
        if isinstance(wrong, Response):
            return wrong
        texts = (await request.json())["input"]
        return JSONResponse(
            {"data": [{"index": i, "embedding": [1.0, 0.0]} for i in range(len(texts))]}
        )

    async def _tokenize(self, request: Request) -> Response:
        wrong = await self._mishap(request)
        return wrong if isinstance(wrong, Response) else JSONResponse({"tokens": [1, 2]})

    async def _load(self, request: Request) -> Response:
        wrong = await self._mishap(request)
        if isinstance(wrong, Response):
            return wrong
        body = await request.json()
        name, path = body["lora_name"], body["lora_path"]
        if name in self.refused:
            return JSONResponse({"error": {"message": f"{name} does not fit", "code": 400}}, 400)
        if name in self.adapters:
            message = f"The lora adapter '{name}' has already been loaded."
            return JSONResponse({"error": {"message": message, "code": 400}}, 400)
        self.adapters[name] = path
        return PlainTextResponse(f"Success: LoRA adapter '{name}' added successfully.")

    async def _unload(self, request: Request) -> Response:
        wrong = await self._mishap(request)
        if isinstance(wrong, Response):
            return wrong
        name = (await request.json())["lora_name"]
        if self.adapters.pop(name, None) is None:
            message = f"The lora adapter '{name}' cannot be found."
            return JSONResponse({"error": {"message": message, "code": 404}}, 404)
        return PlainTextResponse(f"Success: LoRA adapter '{name}' removed successfully.")


@contextmanager
def scripted_engines(n: int) -> Iterator[list[ScriptedEngine]]:
    """``n`` servers, ended afterwards."""
    engines = [ScriptedEngine() for _ in range(n)]
    try:
        for engine in engines:
            engine.start()
        yield engines
    finally:
        for engine in engines:
            engine.is_held = False
            engine.stop()
