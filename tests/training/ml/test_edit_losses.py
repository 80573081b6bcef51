"""The losses of learning from edits against float64 references written by hand, within 1e-5."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.ml.config import PAPER, SMALL
from training.ml.cost_losses import compute_rloo_loss, leave_one_out, regularised_rewards
from training.ml.cost_models import fit_cost_models, fit_ridge
from training.ml.losses import PairLogprobs, compute_expert_loss

CLOSE = {"rtol": 0, "atol": 1e-5}


def pairs() -> tuple[np.ndarray, ...]:
    """Log-probabilities of five edits and replies under policy and base, and the edits' lengths."""
    rng = np.random.default_rng(3)
    values = [-rng.uniform(5, 90, 5) for _ in range(4)]
    return (*values, rng.integers(3, 40, 5))


def early_by_hand(c, r, ref_c, ref_r, n, beta: float, dpo: float, sft: float) -> float:
    """arXiv 2601.19055, equation 7: L_DPO + lambda * L_SFT, the SFT term a token mean."""
    margins = beta * ((c - ref_c) - (r - ref_r))
    l_dpo = np.mean(np.log1p(np.exp(-margins)))
    return float(dpo * l_dpo + sft * (-c.sum() / n.sum()))


@pytest.mark.parametrize("kind", ["sft", "dpo", "ensemble"])
@pytest.mark.parametrize("profile", [PAPER, SMALL])
def test_sft_dpo_and_early_ensemble(kind: str, profile: dict) -> None:
    config = profile[kind]
    c, r, ref_c, ref_r, n = pairs()
    tensors = [torch.tensor(values, dtype=torch.float32) for values in (c, r, ref_c, ref_r)]
    loss, _ = compute_expert_loss(
        PairLogprobs(*tensors[:2]),
        PairLogprobs(*tensors[2:]),
        torch.tensor(n),
        beta=config.beta,
        dpo_weight=config.dpo_weight,
        sft_weight=config.sft_weight,
    )
    weights = (config.beta, config.dpo_weight, config.sft_weight)
    expected = early_by_hand(c, r, ref_c, ref_r, n, *weights)
    np.testing.assert_allclose(loss.item(), expected, **CLOSE)


def test_the_three_differ_by_their_weights_alone() -> None:
    weights = {kind: (SMALL[kind].dpo_weight, SMALL[kind].sft_weight) for kind in SMALL if kind in
               ("sft", "dpo", "ensemble")}  # fmt: skip
    assert weights == {"sft": (0.0, 1.0), "dpo": (1.0, 0.0), "ensemble": (1.0, 1.0)}


def test_the_early_ensembles_gradient() -> None:
    c, r, ref_c, ref_r, n = pairs()
    chosen = torch.tensor(c, requires_grad=True)
    rejected = torch.tensor(r, requires_grad=True)
    loss, _ = compute_expert_loss(
        PairLogprobs(chosen, rejected),
        PairLogprobs(torch.tensor(ref_c), torch.tensor(ref_r)),
        torch.tensor(n),
        beta=0.1,
        dpo_weight=1.0,
        sft_weight=1.0,
    )
    loss.backward()
    slope = -0.1 / (1 + np.exp(0.1 * ((c - ref_c) - (r - ref_r)))) / len(c)
    assert chosen.grad is not None
    assert rejected.grad is not None
    np.testing.assert_allclose(chosen.grad.numpy(), slope - 1 / n.sum(), **CLOSE)
    np.testing.assert_allclose(rejected.grad.numpy(), -slope, **CLOSE)


def test_rloo_of_a_hand_computed_case() -> None:
    # Rewards -.2 and -.6: each less the other is .4 and -.4; loss -(.4 * -3 - .4 * -5) / 2.
    rewards = torch.tensor([[-0.2, -0.6]], dtype=torch.float64)
    policy = torch.tensor([[-3.0, -5.0]], dtype=torch.float64, requires_grad=True)
    loss = compute_rloo_loss(policy, rewards)
    assert loss.item() == pytest.approx(-0.4)
    loss.backward()
    assert policy.grad is not None
    np.testing.assert_allclose(policy.grad.numpy(), [[-0.2, 0.2]], **CLOSE)


def test_rloo_against_the_sum_over_the_others() -> None:
    rng = np.random.default_rng(5)
    costs, policy, base = (rng.uniform(0, 1, (3, 4)) for _ in range(3))
    policy, base = -20 * policy, -20 * base
    rewards = -costs - 0.02 * (policy - base)
    expected = 0.0
    for i in range(3):
        for j in range(4):
            others = [rewards[i, m] for m in range(4) if m != j]
            expected -= (rewards[i, j] - sum(others) / 3) * policy[i, j] / 12
    got = regularised_rewards(*(torch.tensor(x).float() for x in (costs, policy, base)), 0.02)
    np.testing.assert_allclose(got.numpy(), rewards, **CLOSE)
    loss = compute_rloo_loss(torch.tensor(policy).float(), got)
    np.testing.assert_allclose(loss.item(), expected, **CLOSE)
    np.testing.assert_allclose(leave_one_out(got).sum(-1).numpy(), 0, **CLOSE)


def test_no_gradient_goes_through_the_reward() -> None:
    policy = torch.tensor([[-3.0, -5.0]], requires_grad=True)
    assert not regularised_rewards(torch.rand(1, 2), policy, torch.zeros(1, 2), 0.1).requires_grad


def test_ridge_against_the_normal_equations() -> None:
    rng = np.random.default_rng(1)
    x, y, ridge = rng.normal(size=(9, 5)), rng.normal(size=9), 0.7
    # The intercept as one more column, without a penalty.
    wide = np.hstack([x, np.ones((9, 1))])
    penalty = np.diag([ridge] * 5 + [0.0])
    expected = np.linalg.solve(wide.T @ wide + penalty, wide.T @ y)
    weights, intercept = fit_ridge(x, y, ridge)
    np.testing.assert_allclose([*weights, intercept], expected, **CLOSE)


def test_the_cost_is_the_mean_and_kappa_deviations_clipped() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(12, 6)), rng.uniform(0, 1.5, 12)
    models = fit_cost_models(x, y, n_models=5, ridge=1.0, kappa=0.8, seed=4)
    center = x.mean(axis=0)
    scale = np.sqrt(np.mean(((x - center) ** 2).sum(axis=1)))
    scaled, target = (x - center) / scale, y.clip(0, 1)
    draws, found = np.random.default_rng(4), []
    for _ in range(5):
        draw = draws.integers(12, size=12)
        weights, intercept = fit_ridge(scaled[draw], target[draw], 1.0)
        found.append(scaled @ weights + intercept)
    costs = np.array(found)
    deviation = np.sqrt(((costs - costs.mean(axis=0)) ** 2).mean(axis=0))
    expected = (costs.mean(axis=0) + 0.8 * deviation).clip(0, 1)
    np.testing.assert_allclose(models.pessimistic(x), expected, **CLOSE)
    assert models.each(x).shape == (5, 12)
