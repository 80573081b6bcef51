"""One person's adapter never reaches another's answer, whichever way is asked."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import Message, PersonalRoute
from chat.services.messages import message_regenerate, message_send
from chat.serving import answer_async, answer_many
from tests.chat.test_personal_routes import MESSAGES, QUERY, by_whom, serve_personal
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import User
from uno_site.engine_clients import base_model_name, wanted_adapters

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def routes(alice: User, bob: User) -> list[PersonalRoute]:
    """Alice and bob have an adapter each."""
    return [serve_personal(alice, "personal-a"), serve_personal(bob, "personal-b")]


async def written(send: Any = message_send, **options: Any) -> Message:
    """A reply of the chat, as it came."""
    made = await database_sync_to_async(send)(**options)
    reply = made[1] if isinstance(made, tuple) else made
    await generation.generate(reply.pk)
    return await database_sync_to_async(Message.objects.get)(pk=reply.pk)


async def test_each_is_answered_by_their_own_even_in_turns(
    serve_with: Any, launched: Any, routes: list[PersonalRoute], alice: User, bob: User
) -> None:
    client = serve_with(AsyncScriptedClient(by_whom))
    for user, name in ((alice, "personal-a"), (bob, "personal-b"), (alice, "personal-a")):
        reply = await written(user=user, content=QUERY)
        assert reply.content == f"written by {name}"
        assert reply.provenance["adapter_name"] == name
        # The engine's prefix cache is one for each adapter and user.
        asked = client.requests[-1]
        assert (asked.model, asked.user) == (name, str(user.pk))


async def test_someone_without_one_is_answered_by_the_base(
    serve_with: Any, launched: Any, routes: list[PersonalRoute], curator: User, admin: User
) -> None:
    serve_with(AsyncScriptedClient(by_whom))
    for user in (curator, admin):
        reply = await written(user=user, content=QUERY)
        assert reply.content == f"written by {base_model_name()}"


async def test_a_reply_made_anew_is_its_owners(
    serve_with: Any, launched: Any, routes: list[PersonalRoute], bob: User
) -> None:
    serve_with(AsyncScriptedClient(by_whom))
    first = await written(user=bob, content=QUERY)
    again = await written(message_regenerate, message=first)
    assert again.content == "written by personal-b"


async def test_ask_and_evaluations_have_no_way_to_one(routes: list[PersonalRoute]) -> None:
    client = AsyncScriptedClient(by_whom)
    got = await answer_async(MESSAGES, table=None, client=client)
    assert got.text == f"written by {base_model_name()}"
    assert client.script.loaded == {}
    for function in (answer_async, answer_many):
        assert "personal" not in inspect.signature(function).parameters


def test_no_engine_is_told_to_hold_one(routes: list[PersonalRoute]) -> None:
    assert not set(wanted_adapters()) & {"personal-a", "personal-b"}
