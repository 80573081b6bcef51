"""Finding who answers, and having the engine load their adapter: the beginning of every reply.

The rule is :mod:`chat.route_choice`'s; here it meets an engine, which may refuse an adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from asgiref.sync import sync_to_async

from chat.models import PersonalRoute, RouteKind, RouteTable, ServedArm, ServedRoute
from chat.provenance import ReplyRecord
from chat.route_choice import (
    ARM,
    CLUSTER,
    LEVELS,
    PERSONAL,
    ArmChoice,
    RouteChoice,
    choose_route,
    personal_choice,
)
from uno_site.engine_clients import base_model_name
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import AsyncInferenceClient, ChatMessage, Sampling

PickArm = Callable[[UUID | None], ArmChoice | None]
"""From the nearest cluster's id to the conversation's arm; None where there is none."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Who may answer a conversation, as its caller found them.

    ``levels`` are those of :data:`chat.route_choice.LEVELS` that may answer. The caller vouches
    that ``personal`` is the asking person's own
    (:func:`chat.services.personal.personal_route_of`). ``conversation`` stands for the
    conversation in the draw between a canary and the rest; without it no canary answers.
    ``pick_arm`` is called once, in a thread, where no level before answers.
    """

    table: RouteTable | None = None
    personal: PersonalRoute | None = None
    conversation: str = ""
    levels: Collection[str] = field(default=LEVELS)
    pick_arm: PickArm | None = None


async def start_record(
    messages: Sequence[ChatMessage],
    ways: Ways,
    client: AsyncInferenceClient,
    sampling: Sampling,
) -> ReplyRecord:
    """The first of personal, cluster, arm and base that can answer, its adapter loaded."""
    skipped = ""
    if ways.personal is not None and PERSONAL in ways.levels:
        record = ReplyRecord(personal_choice(ways.personal), base_model_name(), sampling)
        skipped = await _load_adapter(client, ways.personal)
        if not skipped:
            record.kind = PERSONAL
            return record
    choice = await _choose(messages, ways, client)
    record = ReplyRecord(choice, base_model_name(), sampling, personal_fallback=skipped)
    if choice.route is not None and choice.kind != RouteKind.BASE:
        record.fallback = await _load_adapter(client, choice.route)
        if not record.fallback:
            record.kind = choice.kind
            return record
    if ARM in ways.levels and ways.pick_arm is not None:
        await _try_arm(record, ways.pick_arm, client)
    return record


async def _choose(
    messages: Sequence[ChatMessage], ways: Ways, client: AsyncInferenceClient
) -> RouteChoice:
    table = ways.table
    if CLUSTER not in ways.levels:
        reason = "left_out" if ways.levels else "forced"
        return RouteChoice(None, None, RouteKind.BASE, reason)
    if table is None:
        return RouteChoice(None, None, RouteKind.BASE, "no_routes")
    try:
        embedding = (await client.embed([messages[-1].content]))[0]
    except EngineRefused:
        return RouteChoice(None, None, RouteKind.BASE, "no_embedding", table_version=table.version)
    return await sync_to_async(choose_route)(embedding, table, ways.conversation)


async def _try_arm(record: ReplyRecord, pick_arm: PickArm, client: AsyncInferenceClient) -> None:
    """Let the conversation's arm answer, if there is one and its adapter can be loaded."""
    near = record.choice.nearest
    drawn = await sync_to_async(pick_arm)(near.cluster_id if near else None)
    if drawn is None:
        return
    if not drawn.arm.is_base:
        record.arm_fallback = await _load_adapter(client, drawn.arm)
        if record.arm_fallback:
            return
        record.kind = ARM
    record.choice = replace(record.choice, arm=drawn)


async def _load_adapter(
    client: AsyncInferenceClient, route: ServedRoute | PersonalRoute | ServedArm
) -> str:
    """Why the route's adapter cannot serve; empty when it can."""
    try:
        await client.load_adapter(route.adapter_name, route.adapter_path)
    except EngineRefused as error:
        return f"{route.adapter_name} could not be loaded: {error}"
    return ""
