"""What a whole run writes, and that it learns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.training.ml.conftest import BASE_SHA256, CHATML, read_metrics, write_run
from training.ml.train import main

TRAIN_KEYS = {
    "kind", "step", "n_steps", "epoch", "loss", "dpo_loss", "sft_loss", "reward_margin",
    "reward_accuracy", "lr", "grad_norm", "tokens", "seconds", "eta_seconds",
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    folder = write_run(tmp_path_factory.mktemp("outputs") / "run", tiny_base)
    assert main([str(folder), "--threads", "1"]) == 0
    return folder


def test_every_step_and_epoch_has_a_row(finished: Path) -> None:
    rows = read_metrics(finished)
    train = [row for row in rows if row["kind"] == "train"]
    assert all(set(row) == TRAIN_KEYS for row in train)
    assert [row["step"] for row in train] == list(range(1, 10))  # 7 rows, 3 a step, 3 epochs
    assert {row["n_steps"] for row in train} == {9}
    assert [row["epoch"] for row in rows if row["kind"] == "validation"] == [1, 2, 3]
    assert train[-1]["eta_seconds"] == 0.0
    assert train[0]["dpo_loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert train[0]["lr"] == 1e-2


def test_it_learns_to_prefer_what_was_chosen(finished: Path) -> None:
    rows = read_metrics(finished)
    train = [row for row in rows if row["kind"] == "train"]
    validation = [row for row in rows if row["kind"] == "validation"]
    assert train[-1]["loss"] < 0.9 * train[0]["loss"]
    assert validation[-1]["reward_accuracy"] == 1.0
    assert validation[-1]["sft_loss"] < train[0]["sft_loss"]


def test_result_lists_the_checkpoints(finished: Path) -> None:
    result = json.loads((finished / "result.json").read_text())
    validation = [row["loss"] for row in read_metrics(finished) if row["kind"] == "validation"]
    assert [one["validation_loss"] for one in result["epochs"]] == validation
    assert [one["path"] for one in result["epochs"]] == [
        f"checkpoints/epoch-{epoch}" for epoch in (1, 2, 3)
    ]
    assert result["seconds"] > 0


def test_checkpoints_are_peft_folders_that_say_where_they_come_from(
    finished: Path, tiny_base: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = finished / "checkpoints" / "epoch-3"
    record = json.loads((folder / "uno.json").read_text())
    assert record["base_sha256"] == BASE_SHA256
    assert record["data_hash"] == "cd" * 32
    assert record["config"]["r"] == 4
    assert len(record["chat_template_sha256"]) == 64
    assert CHATML in (tiny_base / "chat_template.jinja").read_text()
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), folder)
    saved = load_file(folder / "adapter_model.safetensors")
    loaded = model.base_model.model.model.layers[0].self_attn.q_proj.lora_B["default"].weight
    key = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
    assert saved[key].abs().max() > 0
    assert loaded.equal(saved[key])


def test_nothing_half_written_is_left(finished: Path) -> None:
    assert not list(finished.rglob("*.part"))
    assert not (finished / "error.json").exists()


def test_critic_is_trained_on_its_completion_alone(make_run: Callable[..., Path]) -> None:
    folder = make_run(kind="critic", n_epochs=2)
    assert main([str(folder)]) == 0
    rows = read_metrics(folder)
    assert "dpo_loss" not in rows[0]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert not (folder / "state" / "reference.safetensors").exists()


def test_expert_without_preference_term_is_plain_sft(make_run: Callable[..., Path]) -> None:
    folder = make_run(n_epochs=1, dpo_weight=0.0)
    assert main([str(folder)]) == 0
    assert "dpo_loss" not in read_metrics(folder)[0]


def test_micro_batches_do_not_change_the_result(make_run: Callable[..., Path]) -> None:
    folders = [make_run(f"m{size}", micro_batch_size=size, dropout=0.0) for size in (1, 3)]
    for folder in folders:
        assert main([str(folder)]) == 0
    losses = [[row["loss"] for row in read_metrics(folder)] for folder in folders]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_pinned_loss_trajectory(make_run: Callable[..., Path]) -> None:
    folder = make_run(n_epochs=2, dropout=0.0)
    assert main([str(folder), "--threads", "1"]) == 0
    losses = [row["loss"] for row in read_metrics(folder) if row["kind"] == "train"]
    assert losses == pytest.approx(PINNED, rel=2e-2)


PINNED = [3.1509, 3.0022, 2.9169, 2.8369, 2.8372, 2.8460]
