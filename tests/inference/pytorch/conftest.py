"""A random Llama of two layers on the torch backend: on the CPU, and on a GPU with ``-m gpu``."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
import uvicorn
from transformers import AutoModelForCausalLM

from tests.inference.lora import layer_shapes, make_adapter
from tests.training.ml.conftest import save_tiny_model
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.backend import Row
from uno_site.inference.engine.engine import Engine, EngineConfig
from uno_site.inference.engine.models import ServedModel
from uno_site.inference.engine.pytorch.backend import TorchBackend
from uno_site.inference.engine.pytorch.context import TorchContext
from uno_site.inference.engine.server import create_app
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling
from uno_site.inference.torch_base import weights_sha256
from uno_site.ports import free_port

BASE = "tiny"
N_CONTEXT, N_SLOTS = 512, 6
SHAPES = layer_shapes(64, 32, 96)
START_SECONDS = 60

Decode = Callable[..., dict[int, np.ndarray]]


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")
    return torch.device(request.param)


@pytest.fixture(scope="session")
def tolerance(device: torch.device) -> float:
    """How far logits may be apart: a GPU computes in bfloat16."""
    return 1e-4 if device.type == "cpu" else 0.1


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "model"
    save_tiny_model(path)
    config = json.loads((path / "config.json").read_text())
    # Room for a reranker's prompt, at one token a byte.
    config["max_position_embeddings"] = N_CONTEXT
    (path / "config.json").write_text(json.dumps(config))
    return path


@pytest.fixture(scope="session")
def served(folder: Path) -> ServedModel:
    return ServedModel(BASE, folder, folder, weights_sha256(folder))


@pytest.fixture
def backend(served: ServedModel, device: torch.device) -> TorchBackend:
    return TorchBackend(served, device)


@pytest.fixture
def context(backend: TorchBackend) -> TorchContext:
    return backend.make_context(n_slots=N_SLOTS, n_context=N_CONTEXT, n_threads=1)


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[..., Path]:
    """Writes a random adapter of the tiny model's shapes."""

    def make(name: str, **fields: object) -> Path:
        return make_adapter(tmp_path / name, shapes=SHAPES, scale=0.5, **fields)

    return make


@pytest.fixture
def plain(folder: Path, device: torch.device) -> Callable[..., np.ndarray]:
    """Logits of a text as transformers and PEFT compute them alone, shape [n, n_vocab]."""

    @torch.inference_mode()
    def logits(tokens: Sequence[int], adapter: Path | None = None) -> np.ndarray:
        dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        network = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
        if adapter is not None:
            from peft import PeftModel

            network = PeftModel.from_pretrained(network, adapter)
        network.eval().to(device)
        return network(torch.tensor([list(tokens)], device=device)).logits[0].float().cpu().numpy()

    return logits


def rows_of(slot: int, tokens: Sequence[int], first: int = 0) -> list[Row]:
    """A sequence's tokens from position ``first`` on, all their logits wanted."""
    return [Row(token, first + i, slot, wants_logits=True) for i, token in enumerate(tokens)]


def decode(context: TorchContext, *parts: list[Row]) -> list[np.ndarray]:
    """One batch; the logits of each part, shape [n_tokens, n_vocab]."""
    rows = [row for part in parts for row in part]
    context.decode(rows)
    found, first = [], 0
    for part in parts:
        found.append(np.array([context.logits(first + i) for i in range(len(part))]))
        first += len(part)
    return found


class SilentEmbedder:
    """Stands where the embedder stands; these tests embed nothing."""

    name = "none"

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def engine(served: ServedModel, device: torch.device) -> Engine:
    config = EngineConfig(n_context=N_CONTEXT, n_slots=N_SLOTS, n_threads=1, n_queue=64)
    return Engine(served, SilentEmbedder(), config, lambda served: TorchBackend(served, device))


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[HttpClient]:
    with _serve(engine) as url:
        client = HttpClient(url)
        yield client
        client.close()


@contextmanager
def _serve(engine: Engine) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(engine), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline and thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=30)
    assert not thread.is_alive()


def ask(text: str, max_tokens: int = 12, model: str = BASE, **fields: object) -> ChatRequest:
    """A greedy request of one user turn."""
    schema = fields.pop("json_schema", None)
    sampling = Sampling(max_tokens=max_tokens, **({"temperature": 0.0} | fields))
    return ChatRequest(model, (ChatMessage("user", text),), sampling, json_schema=schema)
