"""A prompt computed once for both answers: the same numbers as computed twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.training.ml.conftest import TINY
from training.ml import objective as objectives
from training.ml.config import ExpertConfig
from training.ml.data import Example
from training.ml.model import load_learner
from training.ml.objective import Objective, choose_layout
from training.ml.packing import can_pack, is_packing, pack, span_mask

CPU = torch.device("cpu")
# Prompts and answers of different lengths, one answer of a single token.
EXAMPLES = [
    Example("a", (5, 6, 7, 8), ((9, 10, 2), (11, 12, 13, 14, 2))),
    Example("b", (20, 21), ((22, 23, 24, 25, 26, 2), (2,))),
    Example("c", (30, 31, 32, 33, 34, 35, 36), ((37, 2), (38, 39, 2))),
]
REFERENCE = torch.tensor([[-20.0, -40.0, -10.0], [-30.0, -5.0, -15.0]])


@pytest.fixture
def learner(tiny_base: Path) -> Objective:
    """The tiny model with an adapter that changes something."""
    return make_learner(tiny_base)


def make_learner(base: Path, **changes: Any) -> Objective:
    config = ExpertConfig.from_json({**TINY, "dropout": 0.0, **changes})
    model = load_learner(base, config, 1, CPU)
    generator = torch.Generator().manual_seed(7)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data = torch.randn(weight.shape, generator=generator) * 0.1
    return Objective(model, config, 2, CPU)


def loss_and_gradients(learner: Objective) -> tuple[float, dict[str, Tensor]]:
    learner.model.train()
    learner.model.zero_grad()
    loss, _ = learner.loss(EXAMPLES, range(3), REFERENCE)
    torch.autograd.backward(loss)
    return loss.item(), {
        name: weight.grad.clone()
        for name, weight in learner.model.named_parameters()
        if weight.grad is not None
    }


def test_a_span_of_a_hand_made_pair() -> None:
    batch = pack([Example("x", (5, 6), ((7, 2), (8, 9, 2)))])
    assert batch.input_ids.tolist() == [[5, 6, 7, 2, 8, 9, 2]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 3, 2, 3, 4]]
    assert batch.kept.tolist() == [1, 2, 1, 4, 5]  # the prompt's end predicts both first tokens
    assert batch.labels.tolist() == [7, 2, 8, 9, 2]
    assert (batch.n_labels, batch.spans) == ((2, 3), (7,))


def test_an_answer_sees_the_prompt_and_itself_only() -> None:
    mask = span_mask(Example("x", (5, 6), ((7, 2), (8, 2))))
    assert mask.int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 1, 0],
        [1, 1, 0, 0, 1, 1],
    ]


def test_loss_and_gradients_are_those_of_prompts_computed_twice(learner: Objective) -> None:
    twice, gradients = loss_and_gradients(learner)
    once, shared = loss_and_gradients(replace(learner, is_packed=True))
    assert once == pytest.approx(twice, rel=1e-6)
    assert gradients.keys() == shared.keys() and len(gradients) == 28
    for name, gradient in gradients.items():
        assert gradient.abs().max() > 0, name
        torch.testing.assert_close(shared[name], gradient, rtol=1e-4, atol=1e-6, msg=name)


def test_every_answer_has_its_own_logprob(learner: Objective) -> None:
    packed = replace(learner, is_packed=True)
    alone = torch.cat([packed.logprobs([example]) for example in EXAMPLES], dim=1)
    torch.testing.assert_close(packed.logprobs(EXAMPLES), alone)
    assert alone.shape == (2, 3)


def test_critics_are_packed_too(learner: Objective) -> None:
    singles = [replace(example, answers=example.answers[:1]) for example in EXAMPLES]
    packed = replace(learner, is_packed=True).logprobs(singles)
    torch.testing.assert_close(packed, learner.logprobs(singles))


def test_dropout_draws_once_for_a_shared_prompt(tiny_base: Path) -> None:
    packed = replace(make_learner(tiny_base, dropout=0.5), is_packed=True)
    same = replace(EXAMPLES[0], answers=(EXAMPLES[0].answers[0],) * 2)
    packed.model.train()
    values = []
    for _ in range(2):
        torch.manual_seed(3)
        values.append(packed.logprobs([same]).detach())
    assert values[0].equal(values[1])  # a resumed step draws the same
    assert values[0][0, 0] != values[0][1, 0]  # the answers' own tokens draw for themselves
    packed.model.eval()
    calm = packed.logprobs([same])
    torch.testing.assert_close(calm[0], calm[1])


def test_it_is_the_default_and_can_be_switched_off(tiny_base: Path, learner: Objective) -> None:
    assert choose_layout(learner, EXAMPLES).is_packed
    plain = make_learner(tiny_base, share_prompts=False)
    assert not is_packing(plain.model)
    assert not choose_layout(plain, EXAMPLES).is_packed
    assert plain.logprobs(EXAMPLES).equal(learner.logprobs(EXAMPLES))


def test_a_model_that_gives_other_numbers_computes_prompts_twice(
    learner: Objective, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def sees_too_much(*arguments: Any) -> Tensor:
        return packed_logprobs(*arguments) * 1.01

    packed_logprobs = objectives.packed_logprobs
    monkeypatch.setattr(objectives, "packed_logprobs", sees_too_much)
    assert not choose_layout(learner, EXAMPLES).is_packed
    assert "computed twice" in capsys.readouterr().err


def tiny(**values: Any) -> Any:
    from transformers import AutoModelForCausalLM, Qwen3Config

    config = Qwen3Config(
        vocab_size=50,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        **values,
    )
    return AutoModelForCausalLM.from_config(config)


def test_models_with_other_attention_are_told_apart() -> None:
    assert can_pack(tiny())
    assert not can_pack(tiny(attn_implementation="eager"))
    windows = {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1}
    assert not can_pack(tiny(**windows))
