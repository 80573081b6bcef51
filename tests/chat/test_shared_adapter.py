"""The shared adapter answers where no personal adapter and no topic's route does."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import Conversation, Message, SharedRoute
from chat.services.generations import generation_claim
from chat.services.messages import message_send
from chat.services.shared import shared_adapters, shared_route_clear, shared_route_set
from chat.serving import Answer, Delta, Done, answer_async, answer_stream
from tests.chat.test_personal_routes import (
    MESSAGES,
    QUERY,
    by_whom,
    publish_expert,
    serve_personal,
)
from tests.factories import ReplyFactory
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import User
from uno_site.engine_clients import base_model_name, wanted_adapters
from uno_site.inference.errors import AdapterInvalid
from uno_site.inference.protocol import ChatMessage
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db(transaction=True)


def serve_shared(version: int = 1) -> SharedRoute:
    name = f"shared-{version}"
    return shared_route_set(adapter_id=uuid4(), name=name, version=version, path=f"adapters/{name}")


@pytest.fixture
def shared(admin: User) -> SharedRoute:
    runtime_settings_change(values={"shared_adapter": True}, by=admin)
    return serve_shared()


async def answer(client: Any, text: str = QUERY, **options: Any) -> Answer:
    parts, why = "", None
    messages = (ChatMessage("user", text),)
    async for event in answer_stream(messages, client=client, **{"table": None, **options}):
        parts += event.text if isinstance(event, Delta) else ""
        why = event.provenance if isinstance(event, Done) else why
    assert why is not None
    return Answer(parts, why)


async def test_it_stands_in_for_the_base_model(shared: SharedRoute) -> None:
    client = AsyncScriptedClient(by_whom)
    got = await answer(client, shared=shared)
    assert got.text == "written by shared-1"
    assert client.script.loaded == {"shared-1": "adapters/shared-1"}
    why = got.provenance
    assert (why.kind, why.reason) == ("shared", "no_routes")
    assert (why.adapter_name, why.adapter_version) == ("shared-1", 1)
    assert why.adapter_id == str(shared.adapter_id)


async def test_the_topics_route_and_the_persons_own_come_before_it(
    shared: SharedRoute, alice: User
) -> None:
    client = AsyncScriptedClient(by_whom)
    table = await database_sync_to_async(publish_expert)(client)
    got = await answer(client, table=table, shared=shared)
    assert got.text == "written by expert-1"
    own = await database_sync_to_async(serve_personal)(alice)
    got = await answer(client, table=table, shared=shared, personal=own)
    assert got.text == "written by personal-1"
    assert "shared-1" not in client.script.loaded


async def test_where_no_topic_reaches_it_says_why_none_did(shared: SharedRoute) -> None:
    client = AsyncScriptedClient(by_whom)
    table = await database_sync_to_async(publish_expert)(client)
    got = await answer(client, "What is a comet?", table=table, shared=shared)
    assert got.text == "written by shared-1"
    assert (got.provenance.kind, got.provenance.reason) == ("shared", "unseen")
    assert got.provenance.cluster_name == "E-mails"  # the nearest, which does not reach it


async def test_one_that_cannot_be_loaded_leaves_the_base_model(shared: SharedRoute) -> None:
    client = AsyncScriptedClient(by_whom)

    def refuse(name: str, path: str) -> None:
        raise AdapterInvalid("Its base is another.")

    client.script.load_adapter = refuse  # type: ignore[method-assign]
    got = await answer(client, shared=shared)
    assert got.text == f"written by {base_model_name()}"
    assert got.provenance.kind == "base"
    assert "Its base is another" in got.provenance.shared_fallback


async def test_who_asks_for_the_base_gets_it(shared: SharedRoute) -> None:
    client = AsyncScriptedClient(by_whom)
    got = await answer_async(MESSAGES, table=None, client=client, force_base=True, shared=shared)
    assert got.text == f"written by {base_model_name()}"


async def test_the_chat_is_answered_by_it(
    serve_with: Any, launched: Any, shared: SharedRoute, bob: User
) -> None:
    serve_with(AsyncScriptedClient(by_whom))
    _, reply = await database_sync_to_async(message_send)(user=bob, content=QUERY)
    await generation.generate(reply.pk)
    reply = await database_sync_to_async(Message.objects.get)(pk=reply.pk)
    assert reply.content == "written by shared-1"
    assert reply.provenance["kind"] == "shared"


def test_every_engine_should_have_it(shared: SharedRoute) -> None:
    assert shared_adapters() == {"shared-1": "adapters/shared-1"}
    assert wanted_adapters()["shared-1"] == "adapters/shared-1"


def test_a_new_version_takes_over_in_one_step(shared: SharedRoute) -> None:
    serve_shared(2)
    assert SharedRoute.objects.get().adapter_version == 2
    assert shared_route_clear()
    assert not shared_route_clear()


def test_admins_can_switch_it_off(
    shared: SharedRoute, admin: User, alice: User, launched: Any
) -> None:
    claimed = generation_claim(message_send(user=alice, content="Hello")[1].pk)
    assert claimed is not None
    assert claimed.shared == shared
    runtime_settings_change(values={"shared_adapter": False}, by=admin)
    claimed = generation_claim(message_send(user=alice, content="Hello")[1].pk)
    assert claimed is not None
    assert claimed.shared is None


def test_the_page_says_why(conversation: Conversation, alice: User, client_for: Any) -> None:
    why = {"kind": "shared", "reason": "no_routes", "adapter_name": "shared-1"}
    reply = ReplyFactory(conversation=conversation, provenance={**why, "adapter_version": 4})
    page = client_for(alice).get(f"/m/{reply.pk}/", HTTP_HX_REQUEST="true").content.decode()
    assert "Why this answer: the shared adapter" in page
    assert "instead of the base model" in page
    assert "v4" in page


async def test_it_answers_where_the_topics_adapter_cannot_be_loaded(shared: SharedRoute) -> None:
    client = AsyncScriptedClient(by_whom)
    table = await database_sync_to_async(publish_expert)(client)
    load = client.script.load_adapter

    def refuse(name: str, path: str) -> None:
        if name.startswith("expert"):
            raise AdapterInvalid("Its base is another.")
        load(name, path)

    client.script.load_adapter = refuse  # type: ignore[method-assign]
    got = await answer(client, table=table, shared=shared)
    assert got.text == "written by shared-1"
    assert (got.provenance.kind, got.provenance.adapter_name) == ("shared", "shared-1")
    assert "Its base is another" in got.provenance.fallback
