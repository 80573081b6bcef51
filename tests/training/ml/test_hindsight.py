"""Learning from the next message: what is encoded, what counts, and that a run learns it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.ml.conftest import (
    TINY,
    hindsight_rows,
    read_metrics,
    tiny_tokenizer,
    write_rows,
    write_run,
)
from training.ml.config import SMALL_HINDSIGHT, HindsightConfig
from training.ml.data import collate
from training.ml.errors import ConfigInvalid, DataInvalid, Stopped
from training.ml.hindsight import (
    HindsightObjective,
    Interaction,
    encode_interactions,
    reply_ids,
    reply_mask,
    told_messages,
)
from training.ml.model import load_learner, load_tokenizer
from training.ml.train import main, train

CONFIG = HindsightConfig.from_json({**TINY, "dropout": 0.0})


def test_the_next_message_is_told_in_the_users_last_turn() -> None:
    turns = [{"role": "system", "content": "S"}, {"role": "user", "content": "Tips?"}]
    told = told_messages(turns, "Use bullets.", "paper")
    assert told[0] == turns[0]
    assert told[1]["content"].startswith("Tips?\n\nThe following is a future user message")
    assert told[1]["content"].endswith("Use bullets.")
    assert turns[1]["content"] == "Tips?"
    appended = told_messages(turns, "Use bullets.", "appended")
    assert appended[1]["content"] == "Tips?\n\nUse bullets."


def test_sampled_ids_are_taken_as_they_were() -> None:
    tokenizer = tiny_tokenizer()
    ids = tokenizer.encode("no", add_special_tokens=False)
    assert reply_ids({"reply": "no", "reply_ids": ids}, tokenizer) == (ids, False)  # cut off
    ended = [*ids, tokenizer.eos_token_id]
    assert reply_ids({"reply": "no", "reply_ids": ended}, tokenizer) == (ended, False)


@pytest.mark.parametrize("ids", [[], [5, 6, 7], [999_999]])
def test_ids_that_say_something_else_are_made_anew_and_say_so(ids: list[int]) -> None:
    tokenizer = tiny_tokenizer()
    found, is_retokenised = reply_ids({"reply": "no", "reply_ids": ids}, tokenizer)
    assert is_retokenised
    assert found == [*tokenizer.encode("no", add_special_tokens=False), tokenizer.eos_token_id]


def test_masked_interactions_do_not_go_through_the_model() -> None:
    rows = hindsight_rows(3)
    rows[1]["mask"] = "satisfied"
    encoded = encode_interactions(rows, tiny_tokenizer(), CONFIG)
    assert [one.id for one in encoded] == ["e0/p", "e2/p"]
    with pytest.raises(DataInvalid, match="Every interaction is masked"):
        encode_interactions([rows[1]], tiny_tokenizer(), CONFIG)


def test_contexts_are_cut_on_the_left_and_replies_on_the_right() -> None:
    config = replace(CONFIG, max_prompt_tokens=20, max_completion_tokens=4)
    (one,) = encode_interactions(hindsight_rows(1), tiny_tokenizer(), config)
    assert (len(one.prompt), len(one.told), len(one.answers[0])) == (20, 20, 4)
    assert tiny_tokenizer().decode(one.told).endswith("assistant\n")


def test_the_mask_comes_from_lengths_and_keeps_the_end_of_turn() -> None:
    # The padding id 2 is the end-of-turn id as well.
    batch = collate([(5,), (5,), (5,)], [(7, 8, 9, 2), (7, 2), (2,)], pad=2)
    assert reply_mask(batch, 2).tolist() == [[0, 0, 1, 1], [0, 1, 0, 0], [1, 0, 0, 0]]
    assert reply_mask(batch, 0).tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]


@pytest.fixture(scope="module")
def learner(tiny_base: Path) -> tuple[object, list[Interaction]]:
    """The tiny model with an adapter that is no longer nothing, and four interactions."""
    model = load_learner(tiny_base, CONFIG, 0, torch.device("cpu"))
    torch.manual_seed(1)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    return model, encode_interactions(hindsight_rows(4), load_tokenizer(tiny_base), CONFIG)


def objective(model: object, **changes: object) -> HindsightObjective:
    config = replace(CONFIG, **changes)
    return HindsightObjective(model, config, 2, torch.device("cpu"))


def row_logits(model: object, prompt: tuple[int, ...], reply: tuple[int, ...]) -> np.ndarray:
    """log softmax of one sequence alone, unpadded, in float64; shape [T, V]."""
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *reply]])).logits[0]
    return logits[len(prompt) - 1 : -1].double().log_softmax(-1).numpy()


def test_the_loss_is_the_one_written_by_hand(learner: tuple[object, list[Interaction]]) -> None:
    model, batch = learner
    expected, divergences = [], []
    for one in batch:
        reply = one.answers[0]
        policy = row_logits(model, one.prompt, reply)[2:]
        with model.disable_adapter():
            teacher = row_logits(model, one.told, reply)[2:]
            base = row_logits(model, one.prompt, reply)[2:]
        expected.append((np.exp(policy) * (policy - teacher)).sum(-1).mean())
        divergences.append((np.exp(policy) * (policy - base)).sum(-1).mean())
    cap = float(np.median(divergences))
    scored = objective(model, kl_cap=cap, kl_weight=0.7)
    loss, metrics = scored.loss(batch, range(4), None)
    excess = np.mean(np.maximum(np.array(divergences) - cap, 0))
    assert metrics["hindsight_loss"] == pytest.approx(np.mean(expected), abs=1e-5)
    assert metrics["kl_to_base"] == pytest.approx(np.mean(divergences), abs=1e-5)
    assert metrics["capped"] == 0.5
    assert metrics["retokenised"] == 0.5
    assert loss.item() == pytest.approx(np.mean(expected) + 0.7 * excess, abs=1e-5)


@pytest.mark.parametrize("teacher", ["frozen", "live"])
@pytest.mark.parametrize("name", ["reverse_kl", "policy_gradient"])
def test_micro_batches_add_up(
    learner: tuple[object, list[Interaction]], name: str, teacher: str
) -> None:
    model, batch = learner
    scored = objective(model, loss=name, teacher=teacher)
    whole, _ = scored.loss(batch, range(4), None)
    parts = [scored.loss(batch, members, None)[0].item() for members in ((0, 1, 2), (3,))]
    assert sum(parts) == pytest.approx(whole.item(), abs=1e-5)


def test_a_live_teacher_is_the_adapter_and_a_frozen_one_the_base(
    learner: tuple[object, list[Interaction]],
) -> None:
    model, batch = learner
    untold = [replace(one, told=one.prompt) for one in batch]
    live = objective(model, teacher="live", kl_weight=0.0).loss(untold, range(4), None)[1]
    frozen = objective(model, teacher="frozen", kl_weight=0.0).loss(untold, range(4), None)[1]
    assert live["loss"] == pytest.approx(0.0, abs=1e-5)  # told nothing, it agrees with itself
    assert frozen["loss"] == pytest.approx(frozen["kl_to_base"], abs=1e-5)
    assert frozen["loss"] > 1e-3


def test_a_run_learns_writes_its_metrics_and_ends_in_a_checkpoint(
    tmp_path: Path, tiny_base: Path
) -> None:
    folder = write_run(tmp_path / "run", tiny_base, "hindsight", n_train=6, dropout=0.0)
    assert main([str(folder), "--threads", "1"]) == 0
    rows = [row for row in read_metrics(folder) if row["kind"] == "train"]
    assert {"hindsight_loss", "kl_to_base", "capped", "retokenised"} <= set(rows[0])
    assert rows[0]["kl_to_base"] == pytest.approx(0.0, abs=1e-6)
    assert rows[-1]["hindsight_loss"] < 0.9 * rows[0]["hindsight_loss"]
    record = json.loads((folder / "checkpoints/epoch-3/uno.json").read_text())
    assert record["kind"] == "hindsight"
    assert record["config"]["teacher"] == "frozen"


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tmp_path: Path, tiny_base: Path) -> None:
    folders = [write_run(tmp_path / name, tiny_base, "hindsight") for name in ("one", "two")]
    train(folders[0], lambda: None, threads=1)
    checks = iter(range(1000))

    def stop() -> None:
        if next(checks) >= 9:
            raise Stopped

    with pytest.raises(Stopped):
        train(folders[1], stop, threads=1)
    assert 0 < len(read_metrics(folders[1])) < len(read_metrics(folders[0]))
    train(folders[1], lambda: None, threads=1)
    weights = [folder / "checkpoints/epoch-3/adapter_model.safetensors" for folder in folders]
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"follow_up": " "}, "no text under 'follow_up'"),
        ({"mask": "boring"}, "the mask 'boring'"),
        ({"reply_ids": [1, "2"]}, "no token ids"),
        ({"reply_ids": [-1]}, "no token ids"),
    ],
)
def test_a_broken_row_is_refused(
    make_run: Callable[..., Path], change: dict[str, object], words: str
) -> None:
    folder = make_run(kind="hindsight")
    write_rows(folder / "train.jsonl", [{**hindsight_rows(1)[0], **change}])
    assert main([str(folder)]) == 1
    assert words in json.loads((folder / "error.json").read_text())["message"]


@pytest.mark.parametrize(
    "change",
    [{"loss": "mse"}, {"teacher": "dead"}, {"hint": "loud"}, {"skip_tokens": -1}, {"kl_cap": -0.1}],
)
def test_an_impossible_setting_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid):
        HindsightConfig.from_json(change)


def test_the_small_profile_is_a_hindsight_config_that_survives_json() -> None:
    assert HindsightConfig.from_json(SMALL_HINDSIGHT.to_json()) == SMALL_HINDSIGHT
