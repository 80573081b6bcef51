"""A run that goes on from an adapter: it begins where that one ended, and only if it fits."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.ml.conftest import read_metrics, write_run
from training.ml.config import ExpertConfig
from training.ml.errors import ConfigInvalid
from training.ml.train import main
from uno_site.files import file_sha256

PLAIN = {"dropout": 0.0, "n_epochs": 2}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """The last checkpoint of a finished run."""
    folder = write_run(tmp_path_factory.mktemp("first") / "run", tiny_base, **PLAIN)
    assert main([str(folder), "--threads", "1"]) == 0
    return folder / "checkpoints/epoch-2"


def init(adapter: Path) -> dict[str, str]:
    digest = file_sha256(adapter / "adapter_model.safetensors")
    return {"init_from": str(adapter), "init_sha256": digest}


def test_it_begins_where_the_adapter_ended(first: Path, make_run: Callable[..., Path]) -> None:
    folder = make_run("second", **PLAIN, **init(first), learning_rate=1e-9, batch_size=7)
    assert main([str(folder), "--threads", "1"]) == 0
    ended = json.loads((first / "uno.json").read_text())["validation_loss"]
    validation = [row for row in read_metrics(folder) if row["kind"] == "validation"]
    assert validation[0]["loss"] == pytest.approx(ended, rel=1e-4)
    # The preference is measured against the base without adapter, where the loss would be log 2.
    assert read_metrics(folder)[0]["reward_margin"] > 0.01


def test_every_checkpoint_says_what_it_went_on_from(
    first: Path, make_run: Callable[..., Path]
) -> None:
    folder = make_run("second", **PLAIN, **init(first))
    assert main([str(folder), "--threads", "1"]) == 0
    record = json.loads((folder / "checkpoints/epoch-1/uno.json").read_text())
    assert record["config"]["init_sha256"] == init(first)["init_sha256"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"r": 8, "alpha": 8}, "its r is 4, the run's 8"),
        ({"alpha": 4}, "its alpha is 8, the run's 4"),
        ({"targets": ["q_proj"]}, "its targets is .*, the run's q_proj"),
        ({"init_sha256": "0" * 64}, "not those of 000000000000"),
        ({"init_from": "/nowhere"}, "no adapter of ours"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    changes: dict[str, Any], words: str, first: Path, make_run: Callable[..., Path]
) -> None:
    folder = make_run("second", **{**PLAIN, **init(first), **changes})
    assert main([str(folder), "--threads", "1"]) == 1
    error = json.loads((folder / "error.json").read_text())
    assert error["type"] == "adapter_unfit"
    assert re.search(words, error["message"])


@pytest.mark.parametrize(
    ("key", "words"), [("base_sha256", "its base is eeee"), ("kind", "its kind is critic")]
)
def test_another_base_or_kind_is_refused(
    key: str, words: str, first: Path, make_run: Callable[..., Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(first, other)
    record = json.loads((other / "uno.json").read_text())
    record[key] = "critic" if key == "kind" else "e" * 64
    (other / "uno.json").write_text(json.dumps(record))
    folder = make_run("second", **PLAIN, **init(other))
    assert main([str(folder), "--threads", "1"]) == 1
    assert words in json.loads((folder / "error.json").read_text())["message"]


def test_an_adapter_without_its_digest_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="init_sha256"):
        ExpertConfig(init_from="adapters/one")
