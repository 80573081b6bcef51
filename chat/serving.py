"""How a question is answered: personal adapter, expert, critic, arm, shared adapter or base.

The one definition: the web's streaming, ``manage.py ask`` and the measurements all call it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from asgiref.sync import async_to_sync

from chat.critic import critic_messages, critic_prompt_refs, critic_sampling, revise_messages
from chat.models import PersonalRoute, RouteKind, RouteTable, SharedRoute
from chat.notes import Recall, with_notes
from chat.preferences import NO_PREFERENCES, Preferences, with_preferences
from chat.provenance import Provenance, ReplyRecord
from chat.route_choice import LEVELS, RouteChoice
from chat.serving_route import PickArm, Ways, start_record
from uno_site.engine_clients import served_async_client
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import (
    AsyncInferenceClient,
    ChatMessage,
    ChatRequest,
    Sampling,
    TokenLogprob,
)

DEFAULT_SAMPLING = Sampling()


@dataclass(frozen=True, slots=True)
class RouteChosen:
    """Event: the route is known, and its adapter loaded; ``provenance`` as far as it goes."""

    choice: RouteChoice
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Stage:
    """Event: a step that shows no text has begun: ``draft``, ``critique`` or ``revise``."""

    name: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Event: the reply goes on with ``text``; its tokens' log-probabilities where asked for."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """Event: the reply is complete; its tokens as they were sampled, where the engine tells."""

    provenance: Provenance
    token_ids: tuple[int, ...] = ()


ServingEvent = RouteChosen | Stage | Delta | Done


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole reply and why it came."""

    text: str
    provenance: Provenance


async def answer_stream(
    messages: Sequence[ChatMessage],
    *,
    table: RouteTable | None,
    client: AsyncInferenceClient,
    sampling: Sampling = DEFAULT_SAMPLING,
    force_base: bool = False,
    personal: PersonalRoute | None = None,
    shared: SharedRoute | None = None,
    user: str | None = None,
    conversation: str = "",
    levels: Collection[str] = LEVELS,
    pick_arm: PickArm | None = None,
    preferences: Preferences = NO_PREFERENCES,
    json_schema: Mapping[str, Any] | None = None,
    n_logprobs: int | None = None,
    recall: Recall | None = None,
) -> AsyncGenerator[ServingEvent]:
    """Answer the last message of ``messages``; yields what happens as it happens.

    Closing the generator cancels the reply in the engine.

    Parameters
    ----------
    client
        The engine that answers, loads adapters and embeds.
    force_base
        Answer with the base model whatever the routes say, for comparisons.
    personal
        The asking person's own adapter, where it may answer: it comes before every route. The
        caller vouches that it is theirs (:func:`chat.services.personal.personal_route_of`).
    shared
        The shared adapter, where one is served: it stands in for the base model.
    user, conversation
        Opaque ids: for the engine's fair queueing, and for the draw between a canary and the
        rest; without a conversation no canary answers.
    levels, pick_arm
        As in :class:`~chat.serving_route.Ways`.
    preferences
        The asking person's own, some of which go before the question (:mod:`chat.preferences`).
    json_schema, n_logprobs
        As in :class:`~uno_site.inference.protocol.ChatRequest`; they hold for the reply,
        not for the critic's suggestions.
    recall
        Finds notes of the experience store for the question; they stand quoted before it. The
        caller vouches that the person may see them (:mod:`chat.experience.recall`).

    Raises
    ------
    InferenceError
        The engine cannot be reached, is busy, or refuses the request. An adapter that
        cannot be loaded is no error: the base model answers and the provenance says so.
    """
    allowed = () if force_base else levels
    ways = Ways(table, personal, shared, conversation, allowed, pick_arm)
    record = await start_record(messages, ways, client, sampling, recall)
    if messages[0].role == "system":
        record.system_prompt = messages[0].content
    preferred, record.preferences = await with_preferences(messages, preferences, client)
    yield RouteChosen(record.choice, record.provenance())
    noted = with_notes(preferred, record.notes)
    asked = ChatRequest(record.model, noted, sampling, json_schema, user, n_logprobs)
    is_critic = record.kind == RouteKind.CRITIC
    answering = (
        _critic(asked, record, client, messages) if is_critic else _direct(asked, record, client)
    )
    async with aclosing(answering) as events:
        async for event in events:
            yield event
    yield Done(record.provenance(), tuple(record.token_ids))


async def _direct(
    asked: ChatRequest, record: ReplyRecord, client: AsyncInferenceClient
) -> AsyncGenerator[ServingEvent]:
    """An adapter or the base model answers by itself."""
    if (adapted := record.adapted) is not None:
        asked = replace(asked, model=adapted.adapter_name)
    async with aclosing(_stream(asked, record, client)) as events:
        async for event in events:
            yield event


async def _critic(
    asked: ChatRequest,
    record: ReplyRecord,
    client: AsyncInferenceClient,
    messages: Sequence[ChatMessage],
) -> AsyncGenerator[ServingEvent]:
    """Draft by the base, suggestions by the critic, revision by the base (UNO §5).

    The critic judges the draft by the question alone (``messages``), as it was trained to; draft
    and revision are written with the notes before them.
    """
    assert record.choice.route is not None
    record.note_prompt(asked.messages)
    yield Stage("draft")
    drafted = await client.chat(asked)
    record.draft = drafted.text.strip()
    record.add_usage(drafted.usage)
    yield Stage("critique")
    suggested = await client.chat(
        ChatRequest(
            record.choice.route.adapter_name,
            critic_messages(messages, record.draft),
            critic_sampling(asked.sampling),
            user=asked.user,
        )
    )
    record.critique = suggested.text.strip()
    record.add_usage(suggested.usage)
    record.prompt_refs += critic_prompt_refs()
    if not record.critique:
        record.fallback = "The critic had no suggestions; the draft stands as it was."
        record.finish_reason = drafted.finish_reason
        record.token_ids += drafted.token_ids
        yield Delta(record.draft, drafted.logprobs)
        return
    yield Stage("revise")
    revising = replace(
        asked, messages=revise_messages(asked.messages, record.draft, record.critique)
    )
    async with aclosing(_stream(revising, record, client)) as events:
        async for event in events:
            yield event


async def _stream(
    asked: ChatRequest, record: ReplyRecord, client: AsyncInferenceClient
) -> AsyncGenerator[ServingEvent]:
    record.note_prompt(asked.messages)
    async with aclosing(client.chat_stream(asked)) as chunks:
        async for chunk in chunks:
            record.add_usage(chunk.usage)
            if chunk.text and record.ttft is None:
                record.ttft = time.monotonic() - record.started
            record.token_ids += chunk.token_ids
            if chunk.text or chunk.logprobs:
                yield Delta(chunk.text, chunk.logprobs)
            if chunk.finish_reason is not None:
                record.finish_reason = chunk.finish_reason
    if not record.finish_reason:
        raise EngineUnreachable("The engine broke off before the reply was complete.")


async def answer_async(
    messages: Sequence[ChatMessage],
    *,
    table: RouteTable | None,
    client: AsyncInferenceClient,
    sampling: Sampling = DEFAULT_SAMPLING,
    force_base: bool = False,
    shared: SharedRoute | None = None,
    recall: Recall | None = None,
) -> Answer:
    """The whole reply of :func:`answer_stream`."""
    parts: list[str] = []
    provenance = None
    async for event in answer_stream(
        messages,
        table=table,
        client=client,
        sampling=sampling,
        force_base=force_base,
        shared=shared,
        recall=recall,
    ):
        if isinstance(event, Delta):
            parts.append(event.text)
        elif isinstance(event, Done):
            provenance = event.provenance
    assert provenance is not None, "answer_stream ends with Done or raises"
    return Answer("".join(parts).strip(), provenance)


def answer(messages: Sequence[ChatMessage], **options: Any) -> Answer:
    """Answer from synchronous code; the options are those of :func:`answer_many`."""
    return answer_many([messages], **options)[0]


def answer_many(
    conversations: Sequence[Sequence[ChatMessage]],
    *,
    table: RouteTable | None,
    client: AsyncInferenceClient | None = None,
    sampling: Sampling = DEFAULT_SAMPLING,
    force_base: bool = False,
    shared: SharedRoute | None = None,
    recalls: Sequence[Recall | None] = (),
    concurrency: int = 8,
) -> list[Answer]:
    """Answer many conversations from synchronous code, in their order, so that the engine batches.

    ``client`` is an async client; without one the served engine is asked. ``recalls`` find the
    notes of each conversation; none where it is empty.
    """
    finding = recalls or [None] * len(conversations)

    async def run() -> list[Answer]:
        own = served_async_client() if client is None else None
        engine = own or client
        gate = asyncio.Semaphore(concurrency)

        async def one(messages: Sequence[ChatMessage], recall: Recall | None) -> Answer:
            async with gate:
                return await answer_async(
                    messages,
                    table=table,
                    client=engine,
                    sampling=sampling,
                    force_base=force_base,
                    shared=shared,
                    recall=recall,
                )

        try:
            return await asyncio.gather(*map(one, conversations, finding))
        finally:
            if own is not None:
                await own.aclose()

    return async_to_sync(run)()
