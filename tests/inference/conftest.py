"""A real engine in a process of its own, shared by all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.engines import running_engine
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.formats import write_format
from uno_site.inference.engine.llama import start_backend
from uno_site.inference.engine.models import reference_source
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

BASE = "smollm2-135m-instruct"

AskFor = Callable[..., ChatRequest]


@contextmanager
def run_engine(data_dir: Path, *options: str, token: str = "") -> Iterator[HttpClient]:
    """A client of a real engine on one thread, which must end well."""
    environment = {
        "UNO_ENGINE_TOKEN": token,
        "UNO_MODEL_PATH": "",
        "UNO_BASE_MODEL": BASE,
        "OMP_NUM_THREADS": "1",
    }
    with (
        running_engine(data_dir, "--threads", "1", *options, environment=environment) as engine,
        closing(HttpClient(engine.url, token)) as client,
    ):
        yield client
    code = engine.process.returncode
    assert code == 0, f"the engine ended with {code}: {engine.tail()}"


@pytest.fixture(scope="session")
def data_dir(pytestconfig: pytest.Config) -> Path:
    """Kept between runs, so that the model is requantised once."""
    return Path(pytestconfig.cache.mkdir("uno-engine"))


@pytest.fixture(scope="session")
def engine(data_dir: Path) -> Iterator[HttpClient]:
    with run_engine(data_dir, "--context", "1024", "--slots", "8") as client:
        yield client


@pytest.fixture(scope="session")
def f16_engine(data_dir: Path) -> Iterator[HttpClient]:
    """Of the model in f16, where the shape of a batch hardly moves a log-probability."""
    path = data_dir / "f16.gguf"
    if not path.exists():
        start_backend()
        write_format(reference_source(), path, "f16")
    with run_engine(data_dir, "--model", str(path), "--context", "512", "--slots", "2") as client:
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
