"""The live loss: rows as they come, for those who may see the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from tests.factories import ClusterFactory
from tests.training.conftest import make_run
from training import consumers
from training.models import RunState, TrainingRun
from training.routing import websocket_urlpatterns
from training.services.runs import run_set_state

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(data_dir: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> TrainingRun:
    monkeypatch.setattr(consumers, "POLL_SECONDS", 0.05)
    return make_run(ClusterFactory(), data_dir, state=RunState.TRAINING)


def connect(run: TrainingRun, user: Any) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/training/runs/{run.pk}/")
    socket.scope["user"] = user
    return socket


def append(run: TrainingRun, text: str) -> None:
    with (Path(run.folder) / "metrics.jsonl").open("a") as file:
        file.write(text)


async def test_rows_arrive_as_they_are_written_and_the_end_is_told(
    run: TrainingRun, curator: Any
) -> None:
    append(run, '{"kind": "train", "step": 1}\n')
    socket = connect(run, curator)
    await socket.connect()
    first = await socket.receive_json_from(timeout=5)
    assert first["rows"] == [{"kind": "train", "step": 1}]
    assert first["is_active"]

    append(run, '{"kind": "train", "step": 2}\n')
    assert (await socket.receive_json_from(timeout=5))["rows"] == [{"kind": "train", "step": 2}]

    await sync_to_async(run_set_state)(run, RunState.ACCEPTED)
    last = await socket.receive_json_from(timeout=5)
    assert (last["state"], last["is_active"]) == ("accepted", False)
    assert (await socket.receive_output(timeout=5))["type"] == "websocket.close"


@pytest.mark.parametrize("who", ["alice", "nobody"])
async def test_strangers_find_no_run(
    run: TrainingRun, who: str, request: pytest.FixtureRequest, alice: Any
) -> None:
    socket = connect(run, alice if who == "alice" else AnonymousUser())
    await socket.connect()
    closed = await socket.receive_output(timeout=5)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4404)
