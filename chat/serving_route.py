"""Finding who answers, and having the engine load their adapter: the beginning of every reply.

The rule is :mod:`chat.route_choice`'s; here it meets an engine, which may refuse an adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from asgiref.sync import sync_to_async

from chat.models import (
    PersonalRoute,
    RouteKind,
    RouteTable,
    ServedArm,
    ServedRoute,
    SharedRoute,
)
from chat.notes import Recall, notes_prompts, recalled, room_for_notes
from chat.provenance import ReplyRecord
from chat.route_choice import (
    ARM,
    CLUSTER,
    LEVELS,
    PERSONAL,
    SHARED,
    ArmChoice,
    RouteChoice,
    choose_route,
    personal_choice,
)
from uno_site.engine_clients import base_model_name
from uno_site.inference.errors import EngineRefused, InferenceError
from uno_site.inference.protocol import AsyncInferenceClient, ChatMessage, FloatArray, Sampling


class Question:
    """The question's embedding, computed when it is first asked for, and once."""

    def __init__(self, client: AsyncInferenceClient, text: str) -> None:
        self.text = text
        self._client = client
        self._embedding: FloatArray | None = None

    async def embedding(self) -> FloatArray:
        """[d] embedding of the question alone."""
        if self._embedding is None:
            self._embedding = (await self._client.embed([self.text]))[0]
        return self._embedding


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
    shared: SharedRoute | None = None
    conversation: str = ""
    levels: Collection[str] = field(default=LEVELS)
    pick_arm: PickArm | None = None


async def start_record(
    messages: Sequence[ChatMessage],
    ways: Ways,
    client: AsyncInferenceClient,
    sampling: Sampling,
    recall: Recall | None = None,
) -> ReplyRecord:
    """Who answers, with the adapter loaded, and the notes for the question."""
    question = Question(client, messages[-1].content)
    record = await _routed(question, ways, client, sampling)
    if recall is not None:
        await _add_notes(record, question, recall, messages)
    return record


async def _routed(
    question: Question, ways: Ways, client: AsyncInferenceClient, sampling: Sampling
) -> ReplyRecord:
    """The first of personal, cluster, arm, shared and base that can answer, its adapter loaded."""
    skipped = ""
    if ways.personal is not None and PERSONAL in ways.levels:
        record = ReplyRecord(personal_choice(ways.personal), base_model_name(), sampling)
        skipped = await _load_adapter(client, ways.personal)
        if not skipped:
            record.kind = PERSONAL
            return record
    choice = await _choose(question, ways)
    record = ReplyRecord(choice, base_model_name(), sampling, personal_fallback=skipped)
    if choice.route is not None and choice.kind != RouteKind.BASE:
        record.fallback = await _load_adapter(client, choice.route)
        if not record.fallback:
            record.kind = choice.kind
            return record
    if ARM in ways.levels and ways.pick_arm is not None:
        await _try_arm(record, ways.pick_arm, client)
    if SHARED in ways.levels and ways.shared is not None and record.choice.arm is None:
        record.shared_fallback = await _load_adapter(client, ways.shared)
        if not record.shared_fallback:
            record.kind, record.choice = SHARED, replace(choice, shared=ways.shared)
    return record


async def _choose(question: Question, ways: Ways) -> RouteChoice:
    table = ways.table
    if CLUSTER not in ways.levels:
        reason = "left_out" if ways.levels else "forced"
        return RouteChoice(None, None, RouteKind.BASE, reason)
    if table is None:
        return RouteChoice(None, None, RouteKind.BASE, "no_routes")
    try:
        embedding = await question.embedding()
    except EngineRefused:
        return RouteChoice(None, None, RouteKind.BASE, "no_embedding", table_version=table.version)
    return await sync_to_async(choose_route)(embedding, table, ways.conversation)


async def _add_notes(
    record: ReplyRecord, question: Question, recall: Recall, messages: Sequence[ChatMessage]
) -> None:
    """Find the notes; whatever fails, the reply comes without them."""
    try:
        embedding = await question.embedding()
    except InferenceError as error:
        record.notes_fallback = f"The question could not be embedded ({error})."
        return
    notes, record.notes_fallback = await recalled(recall, question.text, embedding)
    if notes and not room_for_notes(messages, notes, record.sampling.max_tokens):
        record.notes_fallback = "The conversation leaves no room for notes."
        return
    record.notes = notes
    record.prompt_refs += tuple(one.ref for one in notes_prompts(question.text, notes))


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
    client: AsyncInferenceClient, route: ServedRoute | PersonalRoute | ServedArm | SharedRoute
) -> str:
    """Why the route's adapter cannot serve; empty when it can."""
    try:
        await client.load_adapter(route.adapter_name, route.adapter_path)
    except EngineRefused as error:
        return f"{route.adapter_name} could not be loaded: {error}"
    return ""
