"""The losses against float64 references written by hand, values and gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from training.ml.losses import (
    PairLogprobs,
    compute_dpo_loss,
    compute_expert_loss,
    compute_sft_loss,
    sequence_logprobs,
)


def test_sequence_logprobs_of_a_hand_computed_case() -> None:
    # One sequence, vocabulary of two; logits ln 3 and 0 give probabilities 3/4 and 1/4.
    logits = torch.tensor([[[math.log(3), 0.0], [0.0, 0.0], [9.0, -9.0]]])
    labels = torch.tensor([[0, 1, 1]])
    mask = torch.tensor([[1, 1, 0]])
    expected = math.log(3 / 4) + math.log(1 / 2)
    assert sequence_logprobs(logits, labels, mask).tolist() == [pytest.approx(expected)]


def test_sequence_logprobs_keep_precision_of_bfloat16_inputs() -> None:
    logits = torch.zeros(1, 400, 1000, dtype=torch.bfloat16)
    total = sequence_logprobs(logits, torch.zeros(1, 400, dtype=torch.long), torch.ones(1, 400))
    assert total.dtype == torch.float32
    assert total.item() == pytest.approx(-400 * math.log(1000), rel=1e-5)


def test_sequence_logprobs_gradient_is_onehot_minus_softmax() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[0, 4, 2], [1, 1, 3]])
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]])
    sequence_logprobs(logits, labels, mask).sum().backward()
    values = logits.detach().numpy()
    softmax = np.exp(values) / np.exp(values).sum(-1, keepdims=True)
    onehot = np.eye(5)[labels.numpy()]
    expected = (onehot - softmax) * mask.numpy()[..., None]
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), expected, atol=1e-12)


def test_dpo_loss_of_a_hand_computed_case() -> None:
    # margin = 0.1 * ((-10 + 12) - (-20 + 15)) = 0.7
    loss, metrics = compute_dpo_loss(*map(torch.tensor, ([-10.0], [-20.0], [-12.0], [-15.0])), 0.1)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-0.7)))
    assert metrics == {"reward_margin": pytest.approx(0.7), "reward_accuracy": 1.0}


def test_dpo_loss_of_the_reference_itself_is_log_two_and_no_win() -> None:
    values = torch.tensor([-3.0, -8.0])
    loss, metrics = compute_dpo_loss(values, values - 1, values, values - 1, 0.5)
    assert loss.item() == pytest.approx(math.log(2))
    assert metrics == {"reward_margin": 0.0, "reward_accuracy": 0.0}


def test_dpo_gradient_in_float64() -> None:
    generator = torch.Generator().manual_seed(2)
    chosen, rejected, ref_chosen, ref_rejected = (
        torch.randn(4, generator=generator, dtype=torch.float64) * 5 for _ in range(4)
    )
    chosen.requires_grad_()
    rejected.requires_grad_()
    compute_dpo_loss(chosen, rejected, ref_chosen, ref_rejected, 0.3)[0].backward()
    margin = 0.3 * ((chosen - ref_chosen) - (rejected - ref_rejected)).detach().numpy()
    slope = -0.3 / (1 + np.exp(margin)) / 4  # d(-log sigmoid(m))/dm = -sigmoid(-m)
    assert chosen.grad is not None and rejected.grad is not None
    np.testing.assert_allclose(chosen.grad.numpy(), slope, atol=1e-12)
    np.testing.assert_allclose(rejected.grad.numpy(), -slope, atol=1e-12)


def test_sft_loss_is_a_mean_over_tokens_not_sequences() -> None:
    loss = compute_sft_loss(torch.tensor([-10.0, -2.0]), torch.tensor([9, 1]))
    assert loss.item() == pytest.approx(1.2)


def test_expert_loss_is_the_weighted_sum() -> None:
    policy = PairLogprobs(torch.tensor([-10.0]), torch.tensor([-20.0]))
    reference = PairLogprobs(torch.tensor([-12.0]), torch.tensor([-15.0]))
    loss, metrics = compute_expert_loss(
        policy, reference, torch.tensor([5]), beta=0.1, dpo_weight=0.25, sft_weight=2.0
    )
    dpo = math.log(1 + math.exp(-0.7))
    assert metrics["dpo_loss"] == pytest.approx(dpo)
    assert metrics["sft_loss"] == pytest.approx(2.0)
    assert loss.item() == metrics["loss"] == pytest.approx(0.25 * dpo + 4.0)


def test_micro_batches_add_up_to_the_batch() -> None:
    generator = torch.Generator().manual_seed(3)
    values = [torch.randn(5, generator=generator, dtype=torch.float64) * 4 for _ in range(4)]
    n_tokens = torch.tensor([3, 10, 1, 7, 4])
    weights = {"beta": 0.2, "dpo_weight": 0.5, "sft_weight": 0.5}

    def loss_of(part: slice, **shares: float) -> tuple[float, dict[str, float]]:
        policy = PairLogprobs(values[0][part], values[1][part])
        reference = PairLogprobs(values[2][part], values[3][part])
        loss, metrics = compute_expert_loss(policy, reference, n_tokens[part], **weights, **shares)
        return loss.item(), metrics

    whole, metrics = loss_of(slice(0, 5))
    first, first_metrics = loss_of(slice(0, 2), pair_share=2 / 5, token_share=13 / 25)
    second, second_metrics = loss_of(slice(2, 5), pair_share=3 / 5, token_share=12 / 25)
    assert first + second == pytest.approx(whole)
    for name, value in metrics.items():
        assert first_metrics[name] + second_metrics[name] == pytest.approx(value), name
