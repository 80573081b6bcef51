"""Finding who answers, and having the engine load their adapter: the beginning of every reply.

The rule is :mod:`chat.route_choice`'s; here it meets an engine, which may refuse an adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from asgiref.sync import sync_to_async

from chat.models import PersonalRoute, RouteKind, RouteTable, ServedRoute, SharedRoute
from chat.notes import Recall, notes_prompt, recalled, room_for_notes
from chat.provenance import ReplyRecord
from chat.route_choice import PERSONAL, SHARED, RouteChoice, choose_route, personal_choice
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


async def start_record(
    messages: Sequence[ChatMessage],
    table: RouteTable | None,
    client: AsyncInferenceClient,
    force_base: bool,
    conversation: str,
    personal: PersonalRoute | None,
    sampling: Sampling,
    shared: SharedRoute | None = None,
    recall: Recall | None = None,
) -> ReplyRecord:
    """The first of personal, cluster, shared and base that can answer, its adapter loaded, and
    the notes for the question."""
    question = Question(client, messages[-1].content)
    record = await _routed(
        question, table, client, force_base, conversation, personal, sampling, shared
    )
    if recall is not None:
        await _add_notes(record, question, recall, messages)
    return record


async def _routed(
    question: Question,
    table: RouteTable | None,
    client: AsyncInferenceClient,
    force_base: bool,
    conversation: str,
    personal: PersonalRoute | None,
    sampling: Sampling,
    shared: SharedRoute | None,
) -> ReplyRecord:
    skipped = ""
    if personal is not None and not force_base:
        record = ReplyRecord(personal_choice(personal), base_model_name(), sampling)
        skipped = await _load_adapter(client, personal)
        if not skipped:
            record.kind = PERSONAL
            return record
    choice = await _choose(question, table, force_base, conversation)
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
    question: Question, table: RouteTable | None, force_base: bool, conversation: str
) -> RouteChoice:
    if force_base:
        return RouteChoice(None, None, RouteKind.BASE, "forced")
    if table is None:
        return RouteChoice(None, None, RouteKind.BASE, "no_routes")
    try:
        embedding = await question.embedding()
    except EngineRefused:
        return RouteChoice(None, None, RouteKind.BASE, "no_embedding", table_version=table.version)
    return await sync_to_async(choose_route)(embedding, table, conversation)


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
    if notes:
        record.prompt_refs += (notes_prompt(question.text).ref,)


async def _load_adapter(
    client: AsyncInferenceClient, route: ServedRoute | PersonalRoute | SharedRoute
) -> str:
    """Why the route's adapter cannot serve; empty when it can."""
    try:
        await client.load_adapter(route.adapter_name, route.adapter_path)
    except EngineRefused as error:
        return f"{route.adapter_name} could not be loaded: {error}"
    return ""
