"""What the training room's tests share: material, a scripted engine, and a scripted trainer."""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.models import Cluster, EntryState, ReviewState
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory
from tests.scripted import ScriptedClient
from tests.training.trainer import SCRIPT
from training.models import Adapter, AdapterState, RunState, TrainingRun
from training.services import execution
from training.services.base_model import TorchBase
from training.services.run_folder import RunFolder
from uno_site import engine_clients

BASE_SHA256 = "0" * 64


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> Path:
    """A data folder of the test's own."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return settings.DATA_DIR


class WordClient(ScriptedClient):
    """Embeds texts by their words, so that a text about a question is near to it."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.full((len(texts), self.dim), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()):
                row[zlib.crc32(word.encode()) % self.dim] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedClient:
    """The served engine, answering as the test says."""
    client = WordClient()
    patch_engine(monkeypatch, client)
    return client


def patch_engine(monkeypatch: pytest.MonkeyPatch, client: ScriptedClient) -> None:
    """Put a client in the place of the served one, wherever a module has a name for it."""
    for name, module in list(sys.modules.items()):
        is_ours = name.split(".")[0] in ("uno_site", "chat", "curation", "training")
        if is_ours and getattr(module, "served_client", None) is not None:
            monkeypatch.setattr(module, "served_client", lambda: client)
    monkeypatch.setattr(engine_clients, "served_client", lambda: client)


@pytest.fixture
def torch_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TorchBase:
    """A prepared base model, in name only: the scripted trainer never reads it."""
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"dtype": "float32"}))
    base = TorchBase(folder, BASE_SHA256)
    monkeypatch.setattr("training.services.runs.torch_base", lambda health: base)
    return base


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Puts a scripted trainer in the place of the real one; called with what it shall do."""

    def use(**script: Any) -> None:
        path = tmp_path / "script.json"
        path.write_text(json.dumps(script))
        monkeypatch.setattr(execution, "TRAINER", (sys.executable, str(SCRIPT), str(path)))
        monkeypatch.setattr(execution, "POLL_SECONDS", 0.02)

    use()
    return use


def make_material(cluster: Cluster, n: int = 10, **entry: Any) -> None:
    """``n`` entries of the cluster with an approved rule and an approved pair each."""
    for _ in range(n):
        row = LogEntryFactory(
            cluster=cluster, state=EntryState.DISTILLED, correction="Hi, ok. Cheers, Ana", **entry
        )
        RuleFactory(entry=row, state=ReviewState.APPROVED)
        PairFactory(entry=row, state=ReviewState.APPROVED)


@pytest.fixture
def ready_cluster(db: None) -> Cluster:
    """A cluster with enough approved pairs to be trained."""
    cluster = ClusterFactory(name="Letters")
    make_material(cluster)
    return cluster


def make_run(cluster: Cluster, data_dir: Path, **values: Any) -> TrainingRun:
    """A run with an empty folder."""
    run = TrainingRun(
        cluster=cluster,
        cluster_name=cluster.name,
        base_sha256=BASE_SHA256,
        **{"kind": "expert", **values},
    )
    run.folder = str(data_dir / "runs" / str(run.pk))
    Path(run.folder).mkdir(parents=True)
    run.save()
    return run


def make_adapter(
    cluster: Cluster | None,
    data_dir: Path,
    *,
    state: str = AdapterState.ACCEPTED,
    run: TrainingRun | None = None,
    **values: Any,
) -> Adapter:
    """A registered adapter with files whose digest is right."""
    from training.services.adapters import adapter_register

    run = run or make_run(cluster, data_dir, state=RunState.ACCEPTED)
    folder = RunFolder(Path(run.folder))
    folder.write("checkpoints/epoch-1/adapter_model.safetensors", f"weights {run.pk}")
    folder.write("checkpoints/epoch-1/adapter_config.json", "{}")
    checkpoint = folder.path / "checkpoints/epoch-1"
    adapter = adapter_register(run, checkpoint=checkpoint, epoch=1, state=state)
    for name, value in values.items():
        setattr(adapter, name, value)
    adapter.save()
    return adapter


@pytest.fixture
def make(data_dir: Path) -> Callable[..., Adapter]:
    """Makes adapters."""
    return lambda cluster, **values: make_adapter(cluster, data_dir, **values)
