"""What tests of common ground share: making it with the scripted trainer, and beginning from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curation.models import Cluster
from tests.training.conftest import BASE_SHA256
from training.models import Adapter, TrainingRun
from training.services.common_ground import common_train
from training.services.reporting import SilentReporter
from training.services.run_folder import RunFolder
from training.services.runs import run_create


def make(clusters: list[Cluster], **options: Any) -> Adapter:
    adapter = common_train(clusters, SilentReporter(), None, **options)
    assert adapter is not None
    shape(adapter)
    return adapter


def shape(adapter: Adapter) -> None:
    """Give an adapter of the scripted trainer the shape of a real one."""
    config, folder = adapter.run.config, RunFolder(Path(adapter.path))
    lora = {"r": config["r"], "lora_alpha": config["alpha"], "target_modules": config["targets"]}
    folder.write_json("adapter_config.json", lora)
    folder.write_json("uno.json", {"kind": "expert", "base_sha256": BASE_SHA256})


def expert(cluster: Cluster, seed: int = 0) -> TrainingRun:
    """A cluster's next run."""
    return run_create(cluster, "expert", None, seed=seed, has_common_ground=True)
