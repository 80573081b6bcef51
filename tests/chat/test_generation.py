"""Writing a reply: once, to its end, or to whatever ends it; what arrived is kept."""

import asyncio
import time
from collections.abc import Callable

import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import Conversation, Message, MessageState
from chat.services.generations import generation_beat, generation_claim, generation_finish
from chat.services.messages import message_send, message_stop
from tests.chat.pacing import PacedClient
from tests.factories import UserFactory
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import DailyUsage
from uno_site.inference.errors import EngineUnreachable

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def send(content: str = "Hello") -> Message:
    return message_send(user=UserFactory(), content=content)[1]


@database_sync_to_async
def reloaded(reply: Message) -> Message:
    return Message.objects.get(pk=reply.pk)


@database_sync_to_async
def request_stop(reply: Message) -> None:
    """As another web process would: by the row alone."""
    Message.objects.filter(pk=reply.pk).update(is_stop_requested=True)


async def until(check: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.01)


def text_of(reply: Message) -> str:
    return (generation.written_so_far(reply.pk) or ("", ""))[0]


@pytest.fixture(autouse=True)
def _nothing_launched_by_itself(launched: list[object]) -> None:
    """The tests start the writing themselves."""


async def test_a_reply_is_written_to_its_end_with_its_provenance(serve_with) -> None:
    client = serve_with(AsyncScriptedClient("All is well."))
    reply = await send()
    await generation.generate(reply.pk)
    reply = await reloaded(reply)
    assert (reply.state, reply.content, reply.error) == (MessageState.COMPLETE, "All is well.", "")
    assert reply.provenance["kind"] == "base"
    assert client.requests[0].messages[-1].content == "Hello"
    assert client.requests[0].sampling.seed == reply.sampling["seed"]


async def test_what_a_database_cannot_keep_is_left_out(serve_with) -> None:
    client = serve_with(PacedClient("o\x00ne two\ud800 three", n_free=2))
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    await asyncio.sleep(0.2)
    assert (await reloaded(reply)).content == "one two"
    client.go_on.set()
    await writing
    reply = await reloaded(reply)
    assert (reply.state, reply.content) == (MessageState.COMPLETE, "one two three")


async def test_two_writers_of_one_reply_write_it_once(serve_with) -> None:
    client = serve_with(AsyncScriptedClient("Once."))
    reply = await send()
    await asyncio.gather(*(generation.generate(reply.pk) for _ in range(3)))
    assert (await reloaded(reply)).content == "Once."
    assert len(client.requests) == 1


async def test_what_has_arrived_is_on_the_row_while_the_writing_goes_on(serve_with) -> None:
    client = serve_with(PacedClient("one two three", n_free=2))
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    await asyncio.sleep(0.2)
    halfway = await reloaded(reply)
    assert (halfway.state, halfway.content) == (MessageState.GENERATING, "one two")
    client.go_on.set()
    await writing
    assert (await reloaded(reply)).content == "one two three"


async def test_stop_ends_it_and_keeps_what_arrived(serve_with) -> None:
    serve_with(PacedClient("one two three", n_free=2))
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    await database_sync_to_async(message_stop)(message=reply)
    await asyncio.wait_for(writing, 5)
    reply = await reloaded(reply)
    assert (reply.state, reply.content) == (MessageState.STOPPED, "one two")
    assert reply.provenance["kind"] == "base"


async def test_stop_reaches_a_writer_in_another_process_by_the_row(serve_with) -> None:
    serve_with(PacedClient("one two three", n_free=2))
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    await request_stop(reply)
    await asyncio.wait_for(writing, 5)
    assert (await reloaded(reply)).state == MessageState.STOPPED


async def test_an_engine_that_dies_midway_leaves_an_interrupted_reply(serve_with) -> None:
    client = PacedClient("one two three", n_free=2, error=EngineUnreachable("The engine is gone."))
    serve_with(client).go_on.set()
    reply = await send()
    await generation.generate(reply.pk)
    reply = await reloaded(reply)
    assert (reply.state, reply.content) == (MessageState.INTERRUPTED, "one two")
    assert reply.error == (
        "The model stopped answering in the middle of this reply. What had arrived is kept."
    )


async def test_an_engine_that_is_not_there_leaves_a_failed_reply(serve_with) -> None:
    serve_with(AsyncScriptedClient(EngineUnreachable("Nobody at http://10.0.0.7:8081.")))
    reply = await send()
    await generation.generate(reply.pk)
    reply = await reloaded(reply)
    assert (reply.state, reply.content) == (MessageState.FAILED, "")
    assert reply.error.startswith("The model cannot be reached right now. Your message is kept")
    assert "10.0.0.7" not in reply.error


async def test_an_unexpected_error_is_not_shown_to_the_user(serve_with) -> None:
    serve_with(AsyncScriptedClient(RuntimeError("secret detail")))
    reply = await send()
    await generation.generate(reply.pk)
    reply = await reloaded(reply)
    assert reply.state == MessageState.FAILED
    assert "secret" not in reply.error
    assert "unexpected" in reply.error


async def test_a_process_that_ends_says_so_on_the_row(serve_with) -> None:
    serve_with(PacedClient("one two three", n_free=2))
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    reply = await reloaded(reply)
    assert (reply.state, reply.content) == (MessageState.INTERRUPTED, "one two")
    assert "restarted" in reply.error


async def test_it_ends_although_the_first_cancellation_is_lost_on_the_way(
    serve_with, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``asyncio.wait_for`` loses it below Python 3.12, in the writer and in its reading."""

    async def deaf(*_: object) -> bool:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            lost.append(1)
        return False

    lost: list[int] = []
    client = serve_with(PacedClient("one two three", n_free=2))
    monkeypatch.setattr(generation, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(generation.Generation, "_beat", deaf)
    monkeypatch.setattr(client.go_on, "wait", deaf)
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    await asyncio.sleep(0.1)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(writing, 5)
    assert (await reloaded(reply)).state == MessageState.INTERRUPTED
    assert len(lost) == 2


async def test_a_writer_whose_row_was_taken_away_changes_nothing(serve_with) -> None:
    client = serve_with(PacedClient("one two three", n_free=2))
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    rows = Message.objects.filter(pk=reply.pk)
    await rows.aupdate(state=MessageState.INTERRUPTED, content="as rescued")
    client.go_on.set()
    await asyncio.wait_for(writing, 5)
    reply = await reloaded(reply)
    assert (reply.state, reply.content) == (MessageState.INTERRUPTED, "as rescued")


async def test_a_deleted_conversation_ends_the_writing(serve_with) -> None:
    serve_with(PacedClient("one two three", n_free=2))
    reply = await send()
    writing = asyncio.create_task(generation.generate(reply.pk))
    await until(lambda: text_of(reply) == "one two")
    await Conversation.objects.filter(pk=reply.conversation_id).adelete()
    await asyncio.wait_for(writing, 5)
    assert (await DailyUsage.objects.aget()).n_tokens == 1  # By its length.


async def test_the_model_sees_the_branch_and_no_empty_replies(serve_with) -> None:
    client = serve_with(AsyncScriptedClient(EngineUnreachable("Gone.")))
    failed = await send("First")
    await generation.generate(failed.pk)
    client.script.reply = "Fine."

    @database_sync_to_async
    def send_again() -> Message:
        conversation = Conversation.objects.get(pk=failed.conversation_id)
        return message_send(user=conversation.user, content="Second", conversation=conversation)[1]

    reply = await send_again()
    await generation.generate(reply.pk)
    asked = client.requests[-1].messages
    assert [(m.role, m.content) for m in asked] == [("user", "First"), ("user", "Second")]


async def test_what_a_database_cannot_keep_is_left_out_of_why_it_came() -> None:
    reply = await send()
    why = {"kind": "critic", "model": "base", "draft": "a\x00b", "rules": ["c\ud800d"]}
    await database_sync_to_async(generation_finish)(
        reply.pk,
        user_id=reply.conversation.user_id,
        state=MessageState.INTERRUPTED,
        content="Hi",
        error="No\x00 more.",
        provenance=why,
    )
    reply = await reloaded(reply)
    assert reply.provenance == {**why, "draft": "ab", "rules": ["cd"]}
    assert reply.error == "No more."


async def test_a_claim_is_given_once_and_a_beat_tells_of_a_lost_row() -> None:
    reply = await send()
    claim, beat = database_sync_to_async(generation_claim), database_sync_to_async(generation_beat)
    assert (await claim(reply.pk)).message_id == reply.pk
    assert await claim(reply.pk) is None
    assert await beat(reply.pk, "te\x00xt") is False
    assert (await reloaded(reply)).content == "text"
    await Message.objects.filter(pk=reply.pk).aupdate(state=MessageState.INTERRUPTED)
    assert await beat(reply.pk, "more") is None
