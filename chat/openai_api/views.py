"""The public API's endpoints. They are async throughout: no thread waits for the engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from chat.openai_api.access import Call, endpoint
from chat.openai_api.bodies import ModelEntry, ModelList, json_response
from chat.openai_api.completions import ROUTED_MODEL, Completion
from chat.openai_api.embeddings import embed
from chat.openai_api.errors import ModelUnknown, NotFound, error_response
from chat.openai_api.feedback import completion_feedback
from chat.openai_api.requests import (
    ChatCompletionRequest,
    EmbeddingsRequest,
    FeedbackRequest,
    read_body,
)
from chat.services.routes import route_table_active
from uno_site.accounts.models import Scope
from uno_site.engine_clients import base_model_name
from uno_site.inference.protocol import DEFAULT_EMBEDDING_MODEL


@endpoint("GET")
async def models(request: HttpRequest, call: Call) -> HttpResponse:
    """What may be asked for as ``model``."""
    return json_response(ModelList(data=await sync_to_async(served_models)()))


@endpoint("GET")
async def model(request: HttpRequest, call: Call, name: str) -> HttpResponse:
    """One model."""
    for entry in await sync_to_async(served_models)():
        if entry.id == name:
            return json_response(entry)
    raise ModelUnknown(f"There is no model {name!r}.", remedy="See /v1/models.", param="model")


@endpoint("POST", Scope.CHAT)
async def chat_completions(request: HttpRequest, call: Call) -> HttpResponseBase:
    """A reply to a conversation, whole or as server-sent events."""
    completion = Completion(read_body(request, ChatCompletionRequest), call.key)
    if completion.asked.stream:
        return await _event_stream(completion.stream())
    return json_response(await completion.whole())


@endpoint("POST", Scope.EMBEDDINGS)
async def embeddings(request: HttpRequest, call: Call) -> HttpResponse:
    """Sentence embeddings."""
    return json_response(await embed(read_body(request, EmbeddingsRequest)))


@endpoint("POST", Scope.FEEDBACK)
async def feedback(request: HttpRequest, call: Call) -> HttpResponse:
    """A verdict on a completion: thumb, reasons, comment, correction."""
    given = read_body(request, FeedbackRequest)
    return json_response(await sync_to_async(completion_feedback)(call.key.user, given))


def served_models() -> list[ModelEntry]:
    """The routed model, the base model and the embedder."""
    table = route_table_active()
    published = int(table.created_at.timestamp()) if table else 0
    return [
        ModelEntry(id=ROUTED_MODEL, created=published),
        ModelEntry(id=base_model_name(), created=0),
        ModelEntry(id=DEFAULT_EMBEDDING_MODEL, created=0),
    ]


async def _event_stream(events: AsyncGenerator[bytes]) -> StreamingHttpResponse:
    """A response of ``events``, once the first of them is there."""
    first = await anext(events)

    async def all_events() -> AsyncGenerator[bytes]:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    response = StreamingHttpResponse(all_events(), content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return response


@csrf_exempt
@login_not_required
async def nothing_here(request: HttpRequest, **_: Any) -> HttpResponse:
    """Any other address under ``/v1/``."""
    return error_response(
        NotFound(f"There is nothing at {request.path}.", remedy="See docs/api.md.")
    )
