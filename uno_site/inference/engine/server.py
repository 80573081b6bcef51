"""The engine's HTTP face: the part of the OpenAI / vLLM API that UNO uses."""

from __future__ import annotations

import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TypeVar

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from uno_site.errors import UnoError
from uno_site.inference.engine import schemas
from uno_site.inference.engine.engine import Ask, Engine
from uno_site.inference.engine.generation import DoneEvent
from uno_site.inference.engine.job_stream import JobStream, unless_left
from uno_site.inference.engine.rerank import RerankQuery, relevances
from uno_site.inference.engine.responses import (
    Writer,
    embeddings_body,
    error_body,
    finish_name,
    models_body,
    rerank_body,
    sse,
)
from uno_site.inference.engine.scheduler import RESTART
from uno_site.inference.errors import EngineRefused, EngineUnreachable
from uno_site.inference.protocol import ChatMessage

logger = logging.getLogger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]
B = TypeVar("B", bound=BaseModel)

MAX_EMBEDDING_INPUTS = 2048
CLIENT_CLOSED = 499  # what proxies log when the client left; nobody reads this answer


class NotAuthorised(EngineRefused):
    """The bearer token is missing or wrong."""

    status = 401


class Endpoints:
    """The routes' handlers, bound to one engine."""

    def __init__(self, engine: Engine, token: str) -> None:
        self._engine, self._token = engine, token

    def routes(self) -> list[Route]:
        """All routes; ``/health`` alone needs no token."""
        guarded: list[tuple[str, str, Endpoint]] = [
            ("GET", "/v1/models", self.models),
            ("POST", "/v1/chat/completions", self.chat),
            ("POST", "/v1/completions", self.complete),
            ("POST", "/tokenize", self.tokenize),
            ("POST", "/v1/embeddings", self.embed),
            ("POST", "/v1/rerank", self.rerank),
            ("POST", "/v1/load_lora_adapter", self.load_adapter),
            ("POST", "/v1/unload_lora_adapter", self.unload_adapter),
        ]
        routes = [Route(path, self._guard(call), methods=[verb]) for verb, path, call in guarded]
        metrics = Route("/metrics", self._guard(self.metrics))
        return [Route("/health", self.health), metrics, *routes]

    async def health(self, _request: Request) -> Response:
        """Who is served, and how busy the engine is; 503 when it serves nobody any more."""
        health = self._engine.health()
        if health.status != "ok":
            raise EngineUnreachable("The engine has failed.", remedy=RESTART)
        return JSONResponse(asdict(health))

    async def metrics(self, _request: Request) -> Response:
        """Counts for Prometheus."""
        return Response(self._engine.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    async def models(self, _request: Request) -> Response:
        """The base model and the loaded adapters."""
        return JSONResponse(models_body(self._engine.models(), self._engine.n_context))

    async def chat(self, request: Request) -> Response:
        """A chat completion, streamed or whole."""
        body = await _parse(request, schemas.ChatBody)
        schema = body.response_format.schema_or_none() if body.response_format else None
        ask = Ask(
            model=body.model,
            prompt=self._engine.prompt_tokens(body.chat_messages()),
            sampling=body.sampling(body.limit),
            grammar=None if schema is None else self._engine.model.compile_schema(schema),
            n_logprobs=body.top_logprobs if body.logprobs else None,
            user=body.user or "",
        )
        stream = JobStream(self._engine, ask)
        writer = self._writer(body, "chat.completion")
        if body.stream:
            with_usage = bool(body.stream_options and body.stream_options.include_usage)
            chunks = _write_stream(stream, writer, with_usage=with_usage)
            return StreamingResponse(chunks, media_type="text/event-stream")
        return await _write_whole(request, stream, writer)

    async def complete(self, request: Request) -> Response:
        """A text completion of a string or of token ids; scores the prompt if asked."""
        body = await _parse(request, schemas.CompletionBody)
        ask = Ask(
            model=body.model,
            prompt=self._completion_prompt(body.prompt),
            sampling=body.sampling(body.max_tokens),
            score_from=None if body.prompt_logprobs is None else body.prompt_logprobs_from,
            n_prompt_logprobs=body.prompt_logprobs or 0,
            user=body.user or "",
        )
        writer = self._writer(body, "text_completion")
        return await _write_whole(request, JobStream(self._engine, ask), writer)

    async def tokenize(self, request: Request) -> Response:
        """Token ids of messages or of a text. Control tokens in a text are plain text."""
        body = await _parse(request, schemas.TokenizeBody)
        if (body.messages is None) == (body.prompt is None):
            raise EngineRefused("Give either messages or prompt to /tokenize.")
        if body.messages is not None:
            messages = [ChatMessage(m.role, m.content) for m in body.messages]
            tokens = self._engine.template.tokenize(
                messages, add_generation_prompt=body.add_generation_prompt
            )
        else:
            model = self._engine.model
            add_bos = body.add_special_tokens and model.adds_bos
            tokens = model.tokenize(body.prompt or "", parse_special=False, add_bos=add_bos)
        limit = self._engine.n_context
        return JSONResponse({"tokens": tokens, "count": len(tokens), "max_model_len": limit})

    async def embed(self, request: Request) -> Response:
        """L2-normalised sentence embeddings."""
        body = await _parse(request, schemas.EmbeddingsBody)
        texts = [body.input] if isinstance(body.input, str) else body.input
        embedder = self._engine.embedder
        if body.model not in (None, embedder.name):
            raise EngineRefused(
                f"No embedder {body.model!r} is served.", remedy=f"Ask for {embedder.name!r}."
            )
        if not 1 <= len(texts) <= MAX_EMBEDDING_INPUTS:
            raise EngineRefused(
                f"{len(texts)} texts were sent; 1 to {MAX_EMBEDDING_INPUTS} can be embedded."
            )
        return JSONResponse(embeddings_body(embedder.name, await embedder.embed(texts)))

    async def rerank(self, request: Request) -> Response:
        """Documents by how likely the model says "yes" to their relevance."""
        body = await _parse(request, schemas.RerankBody)
        query = RerankQuery(body.model, body.query, body.instruction, body.user or "")
        scores = await unless_left(request, relevances(self._engine, query, body.documents))
        if scores is None:
            return Response(status_code=CLIENT_CLOSED)
        return JSONResponse(rerank_body(body.model, body.documents, scores, body.top_n))

    async def load_adapter(self, request: Request) -> Response:
        """Load a PEFT folder under a name."""
        body = await _parse(request, schemas.LoadAdapterBody)
        await run_in_threadpool(self._engine.load_adapter, body.lora_name, body.lora_path)
        return JSONResponse({"status": f"LoRA adapter {body.lora_name!r} is loaded."})

    async def unload_adapter(self, request: Request) -> Response:
        """Take an adapter away."""
        body = await _parse(request, schemas.UnloadAdapterBody)
        self._engine.adapters.unload(body.lora_name)
        return JSONResponse({"status": f"LoRA adapter {body.lora_name!r} is unloaded."})

    def _completion_prompt(self, prompt: str | list[int]) -> list[int]:
        model = self._engine.model
        if isinstance(prompt, list):
            return prompt
        return model.tokenize(prompt, parse_special=True, add_bos=model.adds_bos)

    def _writer(self, body: schemas.SamplingFields, kind: str) -> Writer:
        return Writer(
            self._engine.model,
            body.model,
            kind=kind,
            ids=body.return_token_ids,
            id_names=body.return_tokens_as_token_ids,
        )

    def _guard(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            expected = f"Bearer {self._token}"
            if self._token and not hmac.compare_digest(given.encode(), expected.encode()):
                raise NotAuthorised(
                    "The engine's token is missing or wrong.",
                    remedy="Set UNO_ENGINE_TOKEN to the same value on both sides.",
                )
            return await endpoint(request)

        return guarded


def create_app(engine: Engine, token: str = "") -> Starlette:
    """The ASGI application; it starts and stops the engine."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        engine.start()
        try:
            yield
        finally:
            await run_in_threadpool(engine.stop)

    return Starlette(
        routes=Endpoints(engine, token).routes(),
        lifespan=lifespan,
        exception_handlers={UnoError: _answer_error},
    )


async def _answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, UnoError)
    logger.info("refused code=%s message=%s", error.code, error)
    return JSONResponse(error_body(error), status_code=error.status)


async def _parse(request: Request, model: type[B]) -> B:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise EngineRefused(
            f"The request is not valid: {field}: {first['msg']}.",
            remedy="See docs/inference.md for the fields.",
        ) from error


async def _write_stream(
    stream: JobStream, writer: Writer, *, with_usage: bool
) -> AsyncIterator[bytes]:
    try:
        async for event in stream.events():
            if not isinstance(event, DoneEvent):
                yield sse(writer.chunk(event))
                continue
            yield sse(writer.chunk(None, finish_name(event)))
            if with_usage:
                yield sse(writer.usage_chunk(event.usage))
            yield b"data: [DONE]\n\n"
    except UnoError as error:
        yield sse(error_body(error))
    finally:
        stream.close()


async def _write_whole(request: Request, stream: JobStream, writer: Writer) -> Response:
    collected = await stream.collect(request)
    if collected is None:
        return Response(status_code=CLIENT_CLOSED)
    texts, done = collected
    return JSONResponse(writer.whole(texts, done, stream.prompt))
