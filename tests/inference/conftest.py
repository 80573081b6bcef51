"""A real engine in a process of its own, shared by all tests of this folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from uno_site.inference.client import HttpClient
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

ROOT = Path(__file__).resolve().parents[2]
BASE = "smollm2-135m-instruct"
START_TIMEOUT_S = 120

AskFor = Callable[..., ChatRequest]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def run_engine(data_dir: Path, *options: str, token: str = "") -> Iterator[HttpClient]:
    """Start ``python -m uno_site.inference.engine``, give its client, and stop it."""
    port = free_port()
    environment = os.environ | {
        "UNO_DATA_DIR": str(data_dir),
        "UNO_ENGINE_TOKEN": token,
        "UNO_MODEL_PATH": "",
        "UNO_BASE_MODEL": BASE,
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "uno_site.inference.engine", "--port", str(port)]
    log = (data_dir / f"engine-{port}.log").open("wb")
    process = subprocess.Popen(
        [*command, "--threads", "1", *options], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    client = HttpClient(f"http://127.0.0.1:{port}", token, timeout=120)
    try:
        _wait_until_healthy(client, process, Path(log.name))
        yield client
    finally:
        client.close()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)
        log.close()
    assert code == 0, f"the engine ended with {code}: {Path(log.name).read_text()[-2000:]}"


def _wait_until_healthy(client: HttpClient, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the engine ended: {log.read_text()[-2000:]}"
        try:
            client.health()
            return
        except EngineUnreachable:
            time.sleep(0.1)
    raise AssertionError(f"the engine did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def data_dir(pytestconfig: pytest.Config) -> Path:
    """Kept between runs, so that the model is requantised once."""
    return Path(pytestconfig.cache.mkdir("uno-engine"))


@pytest.fixture(scope="session")
def engine(data_dir: Path) -> Iterator[HttpClient]:
    with run_engine(data_dir, "--context", "1024", "--slots", "8") as client:
        yield client


@pytest.fixture
def ask() -> AskFor:
    """Makes a greedy request from one user turn."""

    def make(text: str, max_tokens: int = 24, **fields: object) -> ChatRequest:
        sampling = {
            name: fields.pop(name)
            for name in ("temperature", "top_p", "seed", "stop", "repeat_penalty")
            if name in fields
        }
        return ChatRequest(
            model=str(fields.pop("model", BASE)),
            messages=(ChatMessage("user", text),),
            sampling=Sampling(max_tokens=max_tokens, **({"temperature": 0.0} | sampling)),
            **fields,
        )

    return make
