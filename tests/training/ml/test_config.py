"""Hyper-parameters: the paper's under their name, read strictly."""

from __future__ import annotations

import json

import pytest

from training.ml.config import PAPER, SMALL, AnyConfig, CriticConfig, ExpertConfig
from training.ml.errors import ConfigInvalid

SHORT_NAMES = {"q", "k", "v", "o", "gate", "up", "down"}


def test_paper_expert_has_the_papers_constants() -> None:
    config = PAPER["expert"]
    assert isinstance(config, ExpertConfig)
    assert (config.beta, config.dpo_weight, config.sft_weight) == (0.1, 0.5, 0.5)
    assert (config.r, config.alpha, config.dropout) == (64, 128, 0.05)
    assert (config.n_epochs, config.learning_rate, config.warmup_steps) == (8, 5e-4, 0)
    assert (config.betas, config.weight_decay, config.grad_clip) == ((0.9, 0.98), 1e-4, 1.0)
    assert (config.batch_size, config.dtype) == (32, "bfloat16")
    assert {name.removesuffix("_proj") for name in config.targets} == SHORT_NAMES


def test_paper_critic_shares_rank_epochs_and_optimiser() -> None:
    critic, expert = PAPER["critic"], PAPER["expert"]
    shared = ("r", "n_epochs", "learning_rate", "betas", "weight_decay", "grad_clip")
    assert [getattr(critic, name) for name in shared] == [getattr(expert, name) for name in shared]


@pytest.mark.parametrize("config", [*PAPER.values(), *SMALL.values()])
def test_json_round_trip(config: AnyConfig) -> None:
    assert type(config).from_json(json.loads(json.dumps(config.to_json()))) == config


def test_missing_keys_have_defaults() -> None:
    assert ExpertConfig.from_json({"r": 8}) == ExpertConfig(r=8)


def test_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(ConfigInvalid, match="no setting learning_rte"):
        ExpertConfig.from_json({"learning_rte": 1e-3})


def test_critic_knows_no_preference_settings() -> None:
    with pytest.raises(ConfigInvalid, match="no setting beta"):
        CriticConfig.from_json({"beta": 0.1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("r", 0),
        ("r", 1.5),
        ("r", "8"),
        ("r", True),
        ("learning_rate", 0),
        ("learning_rate", "fast"),
        ("dropout", 1.0),
        ("targets", []),
        ("targets", "q_proj"),
        ("betas", [0.9]),
        ("betas", [0.9, 1.0]),
        ("dtype", "float16"),
        ("n_epochs", 0),
        ("beta", 0.0),
        ("dpo_weight", -1.0),
        ("max_rejected_tokens", -1),
    ],
)
def test_impossible_values_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigInvalid, match=name):
        ExpertConfig.from_json({name: value})


def test_some_loss_is_needed() -> None:
    with pytest.raises(ConfigInvalid, match="dpo_weight"):
        ExpertConfig(dpo_weight=0.0, sft_weight=0.0)


def test_whole_numbers_are_taken_for_rates() -> None:
    assert ExpertConfig.from_json({"grad_clip": 1}).grad_clip == 1.0
