"""Finding who answers, and having the engine load their adapter: the beginning of every reply.

The rule is :mod:`chat.route_choice`'s; here it meets an engine, which may refuse an adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from asgiref.sync import sync_to_async

from chat.models import PersonalRoute, RouteKind, RouteTable, ServedRoute, SharedRoute
from chat.provenance import ReplyRecord
from chat.route_choice import PERSONAL, SHARED, RouteChoice, choose_route, personal_choice
from uno_site.engine_clients import base_model_name
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import AsyncInferenceClient, ChatMessage, Sampling


async def start_record(
    messages: Sequence[ChatMessage],
    table: RouteTable | None,
    client: AsyncInferenceClient,
    force_base: bool,
    conversation: str,
    personal: PersonalRoute | None,
    sampling: Sampling,
    shared: SharedRoute | None = None,
) -> ReplyRecord:
    """The first of personal, cluster, shared and base that can answer, its adapter loaded."""
    skipped = ""
    if personal is not None and not force_base:
        record = ReplyRecord(personal_choice(personal), base_model_name(), sampling)
        skipped = await _load_adapter(client, personal)
        if not skipped:
            record.kind = PERSONAL
            return record
    choice = await _choose(messages, table, client, force_base, conversation)
    record = ReplyRecord(choice, base_model_name(), sampling, personal_fallback=skipped)
    if choice.route is not None and choice.kind != RouteKind.BASE:
        record.fallback = await _load_adapter(client, choice.route)
        if not record.fallback:
            record.kind = choice.kind
    if shared is not None and not force_base and record.kind == RouteKind.BASE:
        record.shared_fallback = await _load_adapter(client, shared)
        if not record.shared_fallback:
            record.kind, record.choice = SHARED, replace(choice, shared=shared)
    return record


async def _choose(
    messages: Sequence[ChatMessage],
    table: RouteTable | None,
    client: AsyncInferenceClient,
    force_base: bool,
    conversation: str,
) -> RouteChoice:
    if force_base:
        return RouteChoice(None, None, RouteKind.BASE, "forced")
    if table is None:
        return RouteChoice(None, None, RouteKind.BASE, "no_routes")
    try:
        embedding = (await client.embed([messages[-1].content]))[0]
    except EngineRefused:
        return RouteChoice(None, None, RouteKind.BASE, "no_embedding", table_version=table.version)
    return await sync_to_async(choose_route)(embedding, table, conversation)


async def _load_adapter(
    client: AsyncInferenceClient, route: ServedRoute | PersonalRoute | SharedRoute
) -> str:
    """Why the route's adapter cannot serve; empty when it can."""
    try:
        await client.load_adapter(route.adapter_name, route.adapter_path)
    except EngineRefused as error:
        return f"{route.adapter_name} could not be loaded: {error}"
    return ""
