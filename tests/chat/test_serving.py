"""Answering through the published routes: base, expert, critic, and what goes wrong."""

from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from chat.models import RouteKind
from chat.services.routes import RouteSpec, route_table_publish
from chat.serving import (
    Delta,
    Done,
    RouteChosen,
    Stage,
    answer,
    answer_async,
    answer_many,
    answer_stream,
)
from tests.scripted import AsyncScriptedClient
from uno_site.engine_clients import base_model_name
from uno_site.inference.errors import AdapterInvalid, EngineRefused, EngineUnreachable
from uno_site.inference.protocol import ChatMessage, ChatRequest

pytestmark = pytest.mark.django_db(transaction=True)

QUERY = "Write an e-mail to my landlord."
MESSAGES = (ChatMessage("user", QUERY),)


def scripted(request: ChatRequest) -> str:
    """An answer that tells who gave it."""
    text = request.messages[-1].content
    if "<suggestions>" in text:
        return f"revised by {request.model}"
    return "1. Be brief." if request.model == "critic-1" else f"written by {request.model}"


def publish(kind: str, client: AsyncScriptedClient, adapter: str = ""):
    centroid = client.script.embed([QUERY])[0]
    spec = RouteSpec(
        cluster_id=uuid4(),
        cluster_name="E-mails",
        kind=kind,
        centroid=centroid,
        distance_limit=0.5,
        adapter_id=uuid4() if adapter else None,
        adapter_name=adapter,
        adapter_version=3 if adapter else None,
        adapter_path="runs/1/adapter" if adapter else "",
        rules=["Be brief."],
    )
    return route_table_publish(routes=[spec], note="", by=None)


apublish = database_sync_to_async(publish)


async def test_without_routes_the_base_answers_and_nothing_is_embedded() -> None:
    client = AsyncScriptedClient(scripted)
    client.embed = None  # would fail if called
    got = await answer_async(MESSAGES, table=None, client=client)
    assert got.text == f"written by {base_model_name()}"
    assert (got.provenance.kind, got.provenance.reason) == ("base", "no_routes")


async def test_an_expert_route_answers_with_its_adapter() -> None:
    client = AsyncScriptedClient(scripted)
    table = await apublish(RouteKind.EXPERT, client, "expert-1")
    got = await answer_async(MESSAGES, table=table, client=client)
    assert got.text == "written by expert-1"
    assert client.script.loaded == {"expert-1": "runs/1/adapter"}
    why = got.provenance
    assert (why.kind, why.cluster_name, why.adapter_name) == ("expert", "E-mails", "expert-1")
    assert (why.adapter_version, why.table_version) == (3, table.version)
    assert why.distance == pytest.approx(0.0, abs=1e-3)
    assert why.distance_limit == 0.5
    assert why.rules == ("Be brief.",)
    assert why.finish_reason == "stop"
    assert why.completion_tokens == 3


async def test_a_question_of_no_topic_goes_to_the_base() -> None:
    client = AsyncScriptedClient(scripted)
    table = await apublish(RouteKind.EXPERT, client, "expert-1")
    other = (ChatMessage("user", "What is the capital of France?"),)
    got = await answer_async(other, table=table, client=client)
    assert got.text == f"written by {base_model_name()}"
    assert (got.provenance.reason, got.provenance.rules) == ("unseen", ())
    assert client.script.loaded == {}


async def test_the_last_message_chooses_the_route() -> None:
    client = AsyncScriptedClient(scripted)
    table = await apublish(RouteKind.EXPERT, client, "expert-1")
    messages = (ChatMessage("user", "Hello"), ChatMessage("assistant", "Hi"), *MESSAGES)
    assert (await answer_async(messages, table=table, client=client)).provenance.kind == "expert"


async def test_a_critic_route_drafts_criticises_and_revises() -> None:
    client = AsyncScriptedClient(scripted)
    table = await apublish(RouteKind.CRITIC, client, "critic-1")
    messages = (ChatMessage("user", "Hello"), ChatMessage("assistant", "Hi"), *MESSAGES)
    stream = answer_stream(messages, table=table, client=client)
    events = [event async for event in stream]
    assert isinstance(events[0], RouteChosen)
    stages = [event.name for event in events if isinstance(event, Stage)]
    assert stages == ["draft", "critique", "revise"]
    text = "".join(event.text for event in events if isinstance(event, Delta))
    assert text == f"revised by {base_model_name()}"
    why = events[-1].provenance
    assert why.draft == f"written by {base_model_name()}"
    assert why.critique == "1. Be brief."
    assert [ref.split("@")[0] for ref in why.prompt_refs] == ["critic/suggest", "critic/revise"]
    draft, critique, revision = client.requests
    assert (draft.model, critique.model, revision.model) == (
        base_model_name(),
        "critic-1",
        base_model_name(),
    )
    assert critique.sampling.temperature == 0.1
    assert [m.content for m in revision.messages[:2]] == ["Hello", "Hi"]
    assert "1. Be brief." in revision.messages[-1].content


async def test_a_critic_without_suggestions_leaves_the_draft() -> None:
    client = AsyncScriptedClient(lambda r: "" if r.model == "critic-1" else "The draft.")
    table = await apublish(RouteKind.CRITIC, client, "critic-1")
    got = await answer_async(MESSAGES, table=table, client=client)
    assert got.text == "The draft."
    assert "no suggestions" in got.provenance.fallback


async def test_an_adapter_that_cannot_be_loaded_falls_back_to_the_base_and_says_so() -> None:
    client = AsyncScriptedClient(scripted)
    table = await apublish(RouteKind.EXPERT, client, "expert-1")

    async def refuse(name: str, path: str) -> None:
        raise AdapterInvalid(f"{path} is corrupt.")

    client.load_adapter = refuse
    got = await answer_async(MESSAGES, table=table, client=client)
    assert got.text == f"written by {base_model_name()}"
    assert (got.provenance.kind, got.provenance.adapter_name) == ("base", "")
    assert "runs/1/adapter is corrupt" in got.provenance.fallback


async def test_an_engine_without_embeddings_answers_with_the_base() -> None:
    client = AsyncScriptedClient(scripted)
    table = await apublish(RouteKind.EXPERT, client, "expert-1")

    async def refuse(texts: object) -> None:
        raise EngineRefused("No embeddings here.")

    client.embed = refuse
    got = await answer_async(MESSAGES, table=table, client=client)
    assert (got.provenance.kind, got.provenance.reason) == ("base", "no_embedding")


async def test_the_base_can_be_forced() -> None:
    client = AsyncScriptedClient(scripted)
    table = await apublish(RouteKind.EXPERT, client, "expert-1")
    got = await answer_async(MESSAGES, table=table, client=client, force_base=True)
    assert got.text == f"written by {base_model_name()}"
    assert got.provenance.reason == "forced"


async def test_an_unreachable_engine_is_an_error() -> None:
    client = AsyncScriptedClient(EngineUnreachable("Nobody answers."))
    with pytest.raises(EngineUnreachable):
        await answer_async(MESSAGES, table=None, client=client)


async def test_the_last_event_is_done() -> None:
    stream = answer_stream(MESSAGES, table=None, client=AsyncScriptedClient("Hi there."))
    events = [event async for event in stream]
    assert isinstance(events[-1], Done)
    assert events[-1].provenance.ttft_seconds is not None


def test_synchronous_code_gets_answers_in_their_order() -> None:
    client = AsyncScriptedClient(lambda request: request.messages[-1].content.upper())
    asked = [(ChatMessage("user", f"question {n}"),) for n in range(5)]
    got = answer_many(asked, table=None, client=client, concurrency=2)
    assert [one.text for one in got] == [f"QUESTION {n}" for n in range(5)]
    assert answer(asked[0], table=None, client=client).text == "QUESTION 0"
