"""The hindsight losses against float64 references written by hand, values and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.ml import losses
from training.ml.hindsight_losses import (
    excess_divergence,
    mean_over_replies,
    policy_gradient_tokens,
    reverse_kl_tokens,
    token_advantages,
)

N, V = 7, 11


def logits(seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(N, V, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 3


def log_softmax(values: np.ndarray) -> np.ndarray:
    shifted = values - values.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def reference_kl(policy: np.ndarray, teacher: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """KL(pi || q) of each row and its gradient by pi's logits, one number at a time."""
    p, q = log_softmax(policy), log_softmax(teacher)
    values, gradient = np.zeros(N), np.zeros((N, V))
    for i in range(N):
        for v in range(V):
            values[i] += np.exp(p[i, v]) * (p[i, v] - q[i, v])
        for v in range(V):
            gradient[i, v] = np.exp(p[i, v]) * (p[i, v] - q[i, v] - values[i])
    return values, gradient


@pytest.mark.parametrize("at_once", [1, 3 * V, 10**6])
def test_reverse_kl_of_the_whole_vocabulary(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "ELEMENTS_AT_ONCE", at_once)  # rows computed together
    policy, teacher = logits(0).requires_grad_(), logits(1)
    weights = torch.linspace(-1, 2, N)
    values = reverse_kl_tokens(policy, teacher)
    (values * weights).sum().backward()
    expected, gradient = reference_kl(policy.detach().double().numpy(), teacher.double().numpy())
    np.testing.assert_allclose(values.detach().numpy(), expected, atol=1e-5)
    wanted = gradient * weights.numpy()[:, None]
    assert policy.grad is not None
    np.testing.assert_allclose(policy.grad.numpy(), wanted, atol=1e-5)


def test_reverse_kl_agrees_with_autograd_in_float64() -> None:
    policy, teacher = logits(2, torch.float64).requires_grad_(), logits(3, torch.float64)
    torch.autograd.gradcheck(lambda z: reverse_kl_tokens(z, teacher), policy)


def test_reverse_kl_to_itself_is_nothing_and_the_teacher_gets_no_gradient() -> None:
    policy, teacher = logits(4), logits(4).requires_grad_()
    values = reverse_kl_tokens(policy.requires_grad_(), teacher)
    assert values.abs().max().item() < 1e-6
    values.sum().backward()
    assert teacher.grad is None


def test_the_policy_gradient_weighs_each_token_by_its_advantage() -> None:
    # The teacher finds the first token likelier by 0.5 nats, the second less likely by 1.
    policy = torch.tensor([-1.0, -2.0], requires_grad=True)
    teacher = torch.tensor([-0.5, -3.0], requires_grad=True)
    assert token_advantages(teacher, policy).tolist() == [0.5, -1.0]
    values = policy_gradient_tokens(teacher, policy)
    assert values.tolist() == [0.5, -2.0]  # -A log pi
    values.sum().backward()
    assert policy.grad is not None
    assert policy.grad.tolist() == [-0.5, 1.0]  # the advantage is under a stop-gradient
    assert teacher.grad is None


def test_the_policy_gradient_in_float64() -> None:
    policy, teacher = logits(5).requires_grad_(), logits(6)
    labels = torch.arange(N)
    own, told = (losses.token_logprobs(z, labels) for z in (policy, teacher))
    policy_gradient_tokens(told, own).sum().backward()
    p, q = (log_softmax(z.detach().double().numpy()) for z in (policy, teacher))
    rows = np.arange(N)
    advantages = q[rows, rows] - p[rows, rows]
    expected = -advantages[:, None] * (np.eye(V)[rows] - np.exp(p))
    assert policy.grad is not None
    np.testing.assert_allclose(policy.grad.numpy(), expected, atol=1e-5)


def test_the_mean_is_over_each_replys_tokens_first() -> None:
    values = torch.tensor([[1.0, 2.0, 9.0], [4.0, 6.0, 8.0]])
    mask = torch.tensor([[1, 1, 0], [0, 1, 1]])
    assert mean_over_replies(values, mask).tolist() == [1.5, 7.0]


def test_only_what_exceeds_the_cap_is_pulled_back() -> None:
    divergence = torch.tensor([0.2, 1.5], requires_grad=True)
    excess = excess_divergence(divergence, 1.0)
    assert excess.tolist() == [0.0, 0.5]
    excess.sum().backward()
    assert divergence.grad is not None
    assert divergence.grad.tolist() == [0.0, 1.0]
