"""Two real engines behind one client: one is killed in the middle of a reply and comes back."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from tests.engines import Engine, running_engine
from tests.inference.conftest import BASE
from tests.inference.lora import make_adapter
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatMessage

pytestmark = pytest.mark.model

OPTIONS = ("--threads", "1", "--context", "512", "--slots", "2")
ENVIRONMENT = {"UNO_BASE_MODEL": BASE, "UNO_MODEL_PATH": "", "OMP_NUM_THREADS": "1"}
MESSAGES = (ChatMessage("user", "Say something kind."),)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_a_killed_engine_is_skipped_and_has_its_adapter_when_it_serves_again(
    stack: ExitStack, data_dir: Path, tmp_path: Path, ask
) -> None:
    def start(port: int | None = None) -> Engine:
        return stack.enter_context(
            running_engine(data_dir, *OPTIONS, environment=ENVIRONMENT, port=port)
        )

    engines = [start(), start()]
    wanted = {"kind": str(make_adapter(tmp_path / "kind"))}
    urls = ",".join(engine.url for engine in engines)
    client = stack.enter_context(HttpClient(urls, wanted=lambda: wanted))
    client.load_adapter("kind", wanted["kind"])
    assert [report.adapters for report in client.replicas()] == [("kind",), ("kind",)]

    stream = client.chat_stream(ask("Tell me a very long story.", 400, model="kind"))
    next(stream)
    (busy,) = [r for r in client._engine.replicas.replicas if r.n_outstanding]
    killed = next(engine for engine in engines if engine.url == busy.url)
    killed.process.send_signal(signal.SIGKILL)
    with pytest.raises(EngineUnreachable, match="broke off"):
        list(stream)

    # Nobody notices: the other engine answers, with the adapter.
    killed.process.wait()
    for _ in range(8):
        assert client.chat(ask("Hi", 2, model="kind")).model == "kind"
    assert not busy.is_ready

    start(int(killed.url.rsplit(":", 1)[1]))
    deadline = time.monotonic() + 60
    while not busy.is_ready:
        assert time.monotonic() < deadline, busy.breaker.last_error
        client.embed(["hello"])
        time.sleep(0.1)
    assert [report.state for report in client.replicas()] == ["serving", "serving"]
    scores = [
        stack.enter_context(HttpClient(engine.url)).score("kind", MESSAGES, "You do well.")
        for engine in engines
    ]
    np.testing.assert_allclose(scores[0].logprobs, scores[1].logprobs, atol=0.02)
