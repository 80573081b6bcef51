"""The conversation's socket: replies as they are written, for their owner only."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from chat import consumers, generation
from chat.models import Message
from chat.routing import websocket_urlpatterns
from chat.services.messages import message_correct, message_send
from tests.chat.pacing import PacedClient
from tests.factories import UserFactory
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)

make_user = database_sync_to_async(UserFactory)


@pytest.fixture(autouse=True)
def _nothing_launched_by_itself(launched: list[object]) -> None:
    """The tests start the writing themselves."""


@database_sync_to_async
def send(user: Any) -> Message:
    return message_send(user=user, content="Hello")[1]


def socket_of(user: Any, conversation_id: Any) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/chat/{conversation_id}/")
    socket.scope["user"] = user
    return socket


async def opened(user: Any, reply: Message) -> WebsocketCommunicator:
    socket = socket_of(user, reply.conversation_id)
    assert (await socket.connect())[0]
    return socket


async def receive(socket: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    while True:
        event = await socket.receive_json_from(timeout=5)
        if event["type"] == kind:
            return event


async def test_a_stranger_is_shut_out() -> None:
    reply = await send(await make_user())
    for stranger in (await make_user(), AnonymousUser()):
        socket = socket_of(stranger, reply.conversation_id)
        await socket.connect()
        assert (await socket.receive_output(timeout=5))["code"] == 4404


async def test_a_conversation_that_is_not_there_is_shut() -> None:
    socket = socket_of(await make_user(), uuid4())
    await socket.connect()
    assert (await socket.receive_output(timeout=5))["code"] == 4404


async def test_a_reply_arrives_as_it_is_written_and_then_is_done(serve_with) -> None:
    client = serve_with(PacedClient("**one** two three", n_free=2))
    user = await make_user()
    reply = await send(user)
    socket = await opened(user, reply)
    writing = asyncio.create_task(generation.generate(reply.pk))
    content = await receive(socket, "content")
    assert content["id"] == str(reply.pk)
    assert "<strong>one</strong>" in content["html"]
    client.go_on.set()
    assert (await receive(socket, "done"))["id"] == str(reply.pk)
    await writing
    await socket.disconnect()


async def test_a_page_that_opens_midway_gets_what_has_arrived(serve_with) -> None:
    client = serve_with(PacedClient("one two three", n_free=2))
    user = await make_user()
    reply = await send(user)
    writing = asyncio.create_task(generation.generate(reply.pk))
    while (generation.written_so_far(reply.pk) or ("",))[0] != "one two":
        await asyncio.sleep(0.01)
    for _ in range(2):  # a reload, a second tab
        socket = await opened(user, reply)
        state = await receive(socket, "state")
        assert [event["id"] for event in state["generating"]] == [str(reply.pk)]
        assert "one two" in state["generating"][0]["html"]
        await socket.disconnect()
    client.go_on.set()
    await writing


async def test_a_page_that_opens_after_the_end_learns_that_nothing_is_written(serve_with) -> None:
    serve_with(AsyncScriptedClient("Done."))
    user = await make_user()
    reply = await send(user)
    await generation.generate(reply.pk)
    socket = await opened(user, reply)
    assert await receive(socket, "state") == {"type": "state", "generating": []}
    await socket.disconnect()


async def test_another_tab_learns_that_the_thread_has_changed(serve_with) -> None:
    serve_with(AsyncScriptedClient("Done."))
    user = await make_user()
    reply = await send(user)
    await generation.generate(reply.pk)
    socket = await opened(user, reply)
    reply = await Message.objects.select_related("conversation").aget(pk=reply.pk)
    correct = database_sync_to_async(message_correct)
    correction = await correct(message=reply, content="Better.")
    assert (await receive(socket, "thread"))["leaf"] == str(correction.pk)
    await socket.disconnect()


async def test_who_was_shut_out_hears_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "STATE_SECONDS", 0.05)
    user = await make_user()
    socket = await opened(user, await send(user))
    await receive(socket, "state")
    await User.objects.filter(pk=user.pk).aupdate(is_active=False)
    while (event := await socket.receive_output(timeout=5))["type"] != "websocket.close":
        assert event["type"] == "websocket.send"
    assert event["code"] == 4404
