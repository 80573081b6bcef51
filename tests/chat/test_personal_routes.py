"""A person's own adapter answers them before every route, and nobody else by any way."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import Conversation, ConversationOrigin, Message, PersonalRoute, RouteKind
from chat.services.generations import generation_claim
from chat.services.messages import message_send
from chat.services.personal import personal_route_clear, personal_route_of, personal_route_set
from chat.services.routes import RouteSpec, route_adapters, route_table_publish
from chat.serving import Answer, Delta, Done, answer_async, answer_stream
from tests.factories import ConversationFactory, ReplyFactory
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import User
from uno_site.accounts.services import consent_set, personal_adapter_switch
from uno_site.engine_clients import base_model_name
from uno_site.inference.errors import AdapterInvalid, EngineUnreachable
from uno_site.inference.protocol import ChatMessage
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db(transaction=True)

QUERY = "Write an e-mail to my landlord."
MESSAGES = (ChatMessage("user", QUERY),)


def by_whom(request: Any) -> str:
    """An answer that tells who gave it."""
    return f"written by {request.model}"


def serve_personal(user: User, name: str = "personal-1", version: int = 1) -> PersonalRoute:
    personal_adapter_switch(user=user, is_on=True)
    return personal_route_set(
        user=user, adapter_id=uuid4(), name=name, version=version, path=f"adapters/{name}"
    )


def publish_expert(client: AsyncScriptedClient) -> Any:
    spec = RouteSpec(
        cluster_id=uuid4(),
        cluster_name="E-mails",
        kind=RouteKind.EXPERT,
        centroid=client.script.embed([QUERY])[0],
        distance_limit=0.5,
        adapter_id=uuid4(),
        adapter_name="expert-1",
        adapter_version=3,
        adapter_path="adapters/expert-1",
    )
    return route_table_publish(routes=[spec], note="", by=None)


@pytest.fixture
def route(alice: User) -> PersonalRoute:
    return serve_personal(alice)


@pytest.fixture
def talk(route: PersonalRoute, alice: User) -> Conversation:
    """A conversation of alice's, who has an adapter."""
    return ConversationFactory(user=alice)


async def test_it_comes_before_the_clusters_route(route: PersonalRoute) -> None:
    client = AsyncScriptedClient(by_whom)
    table = await database_sync_to_async(publish_expert)(client)
    got = await personal_answer(client, table, route)
    assert got.text == "written by personal-1"
    assert client.script.loaded == {"personal-1": "adapters/personal-1"}
    why = got.provenance
    assert (why.kind, why.reason) == ("personal", "personal")
    assert (why.adapter_name, why.adapter_version) == ("personal-1", 1)
    assert why.adapter_id == str(route.adapter_id)
    assert (why.cluster_name, why.route_id, why.rules) == ("", None, ())


async def personal_answer(client: Any, table: Any, route: PersonalRoute | None) -> Any:
    text, why = "", None
    async for event in answer_stream(MESSAGES, table=table, client=client, personal=route):
        text += event.text if isinstance(event, Delta) else ""
        why = event.provenance if isinstance(event, Done) else why
    return Answer(text, why)


async def test_one_that_cannot_be_loaded_is_passed_over(route: PersonalRoute) -> None:
    client = AsyncScriptedClient(by_whom)
    load = client.script.load_adapter

    def refuse(name: str, path: str) -> None:
        if name.startswith("personal"):
            raise AdapterInvalid("Its base is another.")
        load(name, path)

    client.script.load_adapter = refuse  # type: ignore[method-assign]
    table = await database_sync_to_async(publish_expert)(client)
    got = await personal_answer(client, table, route)
    assert got.text == "written by expert-1"
    assert "Its base is another" in got.provenance.personal_fallback
    assert (got.provenance.kind, got.provenance.fallback) == ("expert", "")
    got = await personal_answer(client, None, route)
    assert got.text == f"written by {base_model_name()}"
    assert got.provenance.kind == "base"
    assert got.provenance.personal_fallback


async def test_an_engine_that_is_away_is_an_error_and_no_reason_to_pass_over(route) -> None:
    client = AsyncScriptedClient(by_whom)

    async def away(name: str, path: str) -> None:
        raise EngineUnreachable("It is away.")

    client.load_adapter = away  # type: ignore[method-assign]
    with pytest.raises(EngineUnreachable):
        await personal_answer(client, None, route)


async def test_who_asks_for_the_base_gets_it(route: PersonalRoute) -> None:
    client = AsyncScriptedClient(by_whom)
    got = await answer_async(MESSAGES, table=None, client=client, force_base=True)
    assert got.text == f"written by {base_model_name()}"


def test_only_its_owner_is_answered_by_it(route: PersonalRoute, alice: User, bob: User) -> None:
    personal_adapter_switch(user=bob, is_on=True)
    assert personal_route_of(ConversationFactory(user=alice)) == route
    assert personal_route_of(ConversationFactory(user=bob)) is None
    own = serve_personal(bob, "personal-2")
    assert personal_route_of(ConversationFactory(user=bob)) == own
    assert personal_route_of(ConversationFactory(user=alice)) == route


def test_the_writer_of_a_reply_gets_its_owners(
    route: PersonalRoute, alice: User, bob: User, launched: list[Any]
) -> None:
    plans = [
        generation_claim(message_send(user=user, content="Hello")[1].pk) for user in (alice, bob)
    ]
    assert [plan.personal for plan in plans if plan] == [route, None]


async def test_a_strangers_reply_never_loads_it(
    serve_with, launched, route: PersonalRoute, alice: User, bob: User
) -> None:
    client = serve_with(AsyncScriptedClient(by_whom))
    send = database_sync_to_async(message_send)
    for user, by in ((bob, base_model_name()), (alice, "personal-1"), (bob, base_model_name())):
        _, reply = await send(user=user, content=QUERY)
        await generation.generate(reply.pk)
        reply = await database_sync_to_async(Message.objects.get)(pk=reply.pk)
        assert reply.content == f"written by {by}"
        assert client.requests[-1].user == str(user.pk)  # the prefix cache's owner


def test_the_api_never_has_one(talk: Conversation, alice: User) -> None:
    api = ConversationFactory(user=alice, origin=ConversationOrigin.API)
    assert personal_route_of(talk) is not None
    assert personal_route_of(api) is None


def test_it_is_no_adapter_that_every_engine_must_have(route: PersonalRoute) -> None:
    assert route_adapters() == {}


def test_without_both_consents_it_does_not_answer(talk: Conversation, alice: User) -> None:
    personal_adapter_switch(user=alice, is_on=False)
    assert personal_route_of(Conversation.objects.get(pk=talk.pk)) is None
    personal_adapter_switch(user=alice, is_on=True)
    assert personal_route_of(Conversation.objects.get(pk=talk.pk)) is not None
    consent_set(user=alice, has_consented=False)
    assert personal_route_of(Conversation.objects.get(pk=talk.pk)) is None
    consent_set(user=alice, has_consented=True)  # the second consent must be given anew
    assert personal_route_of(Conversation.objects.get(pk=talk.pk)) is None


def test_admins_can_switch_all_off(talk: Conversation, admin: User) -> None:
    runtime_settings_change(values={"personal_adapters": False}, by=admin)
    assert personal_route_of(talk) is None


def test_a_new_version_takes_over_in_one_step(talk: Conversation, alice: User) -> None:
    serve_personal(alice, "personal-2", version=2)
    found = personal_route_of(talk)
    assert found is not None
    assert (found.adapter_name, found.adapter_version) == ("personal-2", 2)
    assert PersonalRoute.objects.count() == 1
    assert personal_route_clear(alice.pk)
    assert personal_route_of(talk) is None


def test_the_page_says_why(talk: Conversation, alice: User, client_for: Any) -> None:
    why = {"kind": "personal", "reason": "personal", "adapter_name": "personal-1"}
    reply = ReplyFactory(conversation=talk, provenance={**why, "adapter_version": 4})
    page = client_for(alice).get(f"/m/{reply.pk}/", HTTP_HX_REQUEST="true").content.decode()
    assert "Why this answer: your personal adapter" in page
    assert "answers you alone" in page
    assert "v4" in page
