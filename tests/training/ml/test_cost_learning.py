"""Cost learning on a tiny model: what it reads, samples and lowers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.ml.conftest import edit_rows, read_metrics, tiny_tokenizer, write_run
from training.ml.config import EDIT_KINDS, CostConfig
from training.ml.cost_learning import (
    CostObjective,
    encode_costs,
    fit_costs,
    read_replies,
    until_end,
)
from training.ml.data import collate
from training.ml.errors import ConfigInvalid, DataInvalid
from training.ml.model import load_learner
from training.ml.rows import check_rows
from training.ml.train import main, train

CPU = torch.device("cpu")
CONFIG = CostConfig(
    r=4, alpha=8, dropout=0.0, dtype="float32", max_completion_tokens=6, micro_batch_size=2
)


@pytest.fixture
def learner(tiny_base: Path) -> Any:
    return load_learner(tiny_base, CONFIG, 0, CPU)


@pytest.fixture
def objective(learner: Any) -> CostObjective:
    tokenizer = tiny_tokenizer()
    rows = encode_costs(edit_rows(6), tokenizer, CONFIG)
    costs = fit_costs(learner, rows, CONFIG, tokenizer.pad_token_id, CPU, seed=0)
    return CostObjective(
        learner, CONFIG, tokenizer.pad_token_id, tokenizer.eos_token_id, CPU, costs
    )


def test_a_reply_is_embedded_as_the_mean_of_its_own_tokens(learner: Any) -> None:
    alone = collate([(5, 6, 7)], [(8, 9)], 2)
    padded = collate([(5, 6, 7), (4,)], [(8, 9), (3, 3, 3, 3)], 2)
    base, features = read_replies(learner, alone, CPU)
    both, rows = read_replies(learner, padded, CPU)
    np.testing.assert_allclose(rows[0], features[0], atol=1e-5)
    assert both[0].item() == pytest.approx(base[0].item(), abs=1e-4)
    assert np.linalg.norm(features[0]) == pytest.approx(1)


def test_edits_cost_nothing_and_replies_what_was_logged(objective: CostObjective) -> None:
    rows = encode_costs(edit_rows(6), tiny_tokenizer(), CONFIG)
    assert [row.cost for row in rows[:2]] == [0.5, 0.6]

    def mean(which: int) -> float:
        batch = collate([row.prompt for row in rows], [row.answers[which] for row in rows], 2)
        features = read_replies(objective.model, batch, CPU)[1]
        return float(objective.costs.each(features).mean())

    assert mean(0) < 0.25 < 0.35 < mean(1)


def test_micro_batches_share_the_batch(objective: CostObjective) -> None:
    rows = encode_costs(edit_rows(4), tiny_tokenizer(), CONFIG)
    assert [list(part) for part in objective.parts(5)] == [[0, 1], [2, 3], [4]]
    torch.manual_seed(1)
    loss, metrics = objective.loss(rows, [0], None)
    assert loss.requires_grad
    assert 0 <= metrics["expected_cost"] <= 0.25
    assert metrics["kl_to_base"] == pytest.approx(0, abs=1e-4)  # the adapter changes nothing yet
    assert metrics["reply_tokens"] <= 6 / 4


def test_what_is_sampled_ends_with_the_end_of_turn() -> None:
    assert until_end([5, 6, 2, 2, 2], 2) == (5, 6, 2)
    assert until_end([5, 6, 7], 2) == (5, 6, 7)


@pytest.mark.parametrize("kind", EDIT_KINDS)
def test_each_kind_is_a_run_folder(kind: str, tmp_path: Path, tiny_base: Path) -> None:
    changes = {"n_samples": 2, "max_completion_tokens": 6} if kind == "cost" else {}
    weights = {"sft": (0.0, 1.0), "dpo": (1.0, 0.0), "ensemble": (1.0, 1.0)}
    if kind in weights:
        changes = dict(zip(("dpo_weight", "sft_weight"), weights[kind], strict=True))
    folder = write_run(tmp_path / "run", tiny_base, kind, n_train=6, n_epochs=1, **changes)
    assert main([str(folder), "--threads", "1"]) == 0
    record = json.loads((folder / "checkpoints/epoch-1/uno.json").read_text())
    assert record["kind"] == kind


def test_a_run_lowers_what_it_expects_to_cost(tmp_path: Path, tiny_base: Path) -> None:
    changes = {"n_epochs": 8, "n_samples": 6, "max_completion_tokens": 6, "beta": 0.0}
    folder = write_run(tmp_path / "run", tiny_base, "cost", n_train=6, dropout=0.0, **changes)
    train(folder, lambda: None, threads=1)
    costs = [row["expected_cost"] for row in read_metrics(folder) if row["kind"] == "train"]
    assert np.mean(costs[-3:]) < np.mean(costs[:3])


def test_rows_need_their_cost() -> None:
    rows = edit_rows(2)
    check_rows(rows, "cost", "train.jsonl")
    del rows[1]["cost"]
    with pytest.raises(DataInvalid, match="line 2"):
        check_rows(rows, "cost", "train.jsonl")
    with pytest.raises(DataInvalid, match="cost -1"):
        check_rows([{**rows[0], "cost": -1}], "cost", "train.jsonl")


def test_a_config_that_cannot_work_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="n_samples"):
        CostConfig(n_samples=1)
    with pytest.raises(ConfigInvalid, match="share_prompts"):
        CostConfig(share_prompts=True)
