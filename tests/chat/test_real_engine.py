"""The chat on the reference model: a whole reply, an expert's fallback, an engine that dies."""

import asyncio
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import Message, MessageState, RouteKind
from chat.services import messages as message_services
from chat.services.messages import message_send
from chat.services.routes import RouteSpec, route_table_publish
from chat.serving import answer
from tests.engines import running_engine
from tests.factories import UserFactory
from uno_site.inference.async_client import AsyncHttpClient
from uno_site.inference.protocol import ChatMessage, Sampling

pytestmark = [pytest.mark.model, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _nothing_launched_by_itself(launched: list[object]) -> None:
    """The tests start the writing themselves."""


@database_sync_to_async
def send(content: str) -> Message:
    return message_send(user=UserFactory(), content=content)[1]


async def test_a_reply_streams_to_the_row(engine_url, serve_with, monkeypatch) -> None:
    short = replace(message_services.REPLY_SAMPLING, max_tokens=24)
    monkeypatch.setattr(message_services, "REPLY_SAMPLING", short)
    client = serve_with(AsyncHttpClient(engine_url))
    reply = await send("Say hello.")
    await generation.generate(reply.pk)
    reply = await Message.objects.aget(pk=reply.pk)
    await client.aclose()
    assert reply.state == MessageState.COMPLETE
    assert reply.content
    assert 0 < reply.provenance["completion_tokens"] <= 24
    assert reply.provenance["ttft_seconds"] > 0


def test_a_corrupt_adapter_leaves_the_base_to_answer(engine: Any, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    query = "Write an e-mail to my landlord."
    spec = RouteSpec(
        cluster_id=uuid4(),
        cluster_name="E-mails",
        kind=RouteKind.EXPERT,
        centroid=engine.embed([query])[0],
        adapter_name="broken-v1",
        adapter_path=str(tmp_path),
    )
    table = route_table_publish(routes=[spec], note="", by=None)
    sampling = Sampling(max_tokens=8, temperature=0)
    got = answer([ChatMessage("user", query)], table=table, sampling=sampling)
    base = answer([ChatMessage("user", query)], table=None, sampling=sampling)
    assert got.text == base.text
    assert got.provenance.kind == "base"
    assert "broken-v1 could not be loaded" in got.provenance.fallback


@pytest.fixture
def mortal_engine(engine_url: str, engine_data_dir: Path) -> Iterator[tuple[str, Any]]:
    """An engine of our own, to be killed; the shared one has prepared its model."""
    with running_engine(engine_data_dir) as engine:
        yield engine.url, engine.process


async def test_an_engine_killed_mid_reply_leaves_what_had_arrived(
    mortal_engine, serve_with
) -> None:
    url, process = mortal_engine
    client = serve_with(AsyncHttpClient(url))
    reply = await send("Write a long story about the sea.")
    writing = asyncio.create_task(generation.generate(reply.pk))
    deadline = time.monotonic() + 30
    while len((generation.written_so_far(reply.pk) or ("",))[0]) < 20:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    await asyncio.wait_for(writing, 20)
    reply = await Message.objects.aget(pk=reply.pk)
    await client.aclose()
    assert reply.state == MessageState.INTERRUPTED
    assert len(reply.content) >= 20
    assert "What had arrived is kept." in reply.error
