"""The exact tokens of a reply: kept where the engine tells them, as long as the reply is there."""

import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import Message, ReplyTokens
from chat.services.messages import message_send
from chat.services.personal import reply_tokens_keep
from tests.factories import ReplyFactory, UserFactory
from tests.scripted import AsyncScriptedClient
from uno_site.engine_clients import base_model_name

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def send() -> Message:
    return message_send(user=UserFactory(), content="Hello")[1]


@database_sync_to_async
def tokens_of(reply: Message) -> ReplyTokens | None:
    return ReplyTokens.objects.filter(message=reply).first()


async def test_they_are_kept_as_the_engine_told_them(serve_with, launched) -> None:
    client = serve_with(AsyncScriptedClient("One two three."))
    client.script.tells_ids = True
    reply = await send()
    await generation.generate(reply.pk)
    kept = await tokens_of(reply)
    assert kept is not None
    assert (kept.token_ids, kept.model) == ([0, 1, 2], base_model_name())


async def test_an_engine_that_tells_none_leaves_no_row(serve_with, launched) -> None:
    serve_with(AsyncScriptedClient("One two three."))
    reply = await send()
    await generation.generate(reply.pk)
    assert await tokens_of(reply) is None


def test_each_takes_four_bytes_and_goes_with_its_reply() -> None:
    reply = ReplyFactory()
    reply_tokens_keep(reply.pk, [0, 49151, 2**32 - 1])
    kept = ReplyTokens.objects.get()
    assert len(bytes(kept.ids)) == 12
    assert kept.token_ids == [0, 49151, 2**32 - 1]
    reply.delete()
    assert not ReplyTokens.objects.exists()
