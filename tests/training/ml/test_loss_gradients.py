"""Each loss in float32 against a float64 reference written by hand: value and gradient, 1e-5.

The references are numpy, from logits to loss, and share no line with the code under test:

* log p(y | x): the sum over the tokens of z_y - ln(sum_v exp z_v); its gradient by the logits is
  onehot(y) - softmax(z).
* DPO (Rafailov et al. 2023, equation 7; UNO §4): -ln sigmoid(m) with m = beta ((c - c_ref) -
  (r - r_ref)), a mean over pairs; d/dc = -beta sigmoid(-m) / n, d/dr the opposite.
* SFT (UNO §4 and §5): -sum of log p over all tokens / number of tokens; d/dlogp = -1 / tokens.
* Expert: dpo_weight x DPO + sft_weight x SFT on the chosen answers (UNO §4: .5 each).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from training.ml.losses import (
    PairLogprobs,
    compute_dpo_loss,
    compute_expert_loss,
    compute_sft_loss,
    sequence_logprobs,
)

N_PAIRS, N_TOKENS, N_WORDS, BETA = 3, 6, 40, 0.1
LENGTHS = np.array([[6, 3, 5], [4, 6, 1]])  # of chosen and rejected answers
TOLERANCE = 1e-5


class Case(NamedTuple):
    """Logits [2, n, T, V], labels [2, n, T] and reference log-probabilities [2, n]."""

    logits: np.ndarray
    labels: np.ndarray
    reference: np.ndarray


@pytest.fixture
def case() -> Case:
    rng = np.random.default_rng(4)
    shape = (2, N_PAIRS, N_TOKENS)
    return Case(
        rng.normal(size=(*shape, N_WORDS)) * 3,
        rng.integers(N_WORDS, size=shape),
        rng.normal(size=(2, N_PAIRS)) * 4 - 20,
    )


def mask_of() -> np.ndarray:
    return (np.arange(N_TOKENS) < LENGTHS[..., None]).astype(float)


def by_hand(case: Case, dpo_weight: float, sft_weight: float) -> tuple[float, np.ndarray]:
    """Loss and its gradient by the logits, in float64."""
    z, mask = case.logits, mask_of()
    onehot = np.eye(N_WORDS)[case.labels]
    log_sum = np.log(np.exp(z).sum(-1))
    logp = (((z * onehot).sum(-1) - log_sum) * mask).sum(-1)  # [2, n]
    margin = BETA * ((logp - case.reference)[0] - (logp - case.reference)[1])
    sigmoid = 1 / (1 + np.exp(-margin))
    slope = np.zeros((2, N_PAIRS))
    slope[0] = -dpo_weight * BETA * (1 - sigmoid) / N_PAIRS - sft_weight / LENGTHS[0].sum()
    slope[1] = dpo_weight * BETA * (1 - sigmoid) / N_PAIRS
    dpo = -np.log(sigmoid).mean()
    sft = -logp[0].sum() / LENGTHS[0].sum()
    softmax = np.exp(z - log_sum[..., None])
    gradient = (onehot - softmax) * (mask * slope[..., None])[..., None]
    return float(dpo_weight * dpo + sft_weight * sft), gradient


def logprobs_of(case: Case, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The logits as a leaf, and the sequence log-probabilities [2, n]."""
    logits = torch.tensor(case.logits, dtype=dtype, requires_grad=True)
    values = sequence_logprobs(
        logits.flatten(0, 1),
        torch.tensor(case.labels).flatten(0, 1),
        torch.tensor(mask_of()).flatten(0, 1).float(),
    )
    return logits, values.view(2, N_PAIRS)


def assert_agrees(loss: Tensor, logits: Tensor, expected: tuple[float, np.ndarray]) -> None:
    torch.autograd.backward(loss)
    value, gradient = expected
    assert logits.grad is not None
    assert loss.item() == pytest.approx(value, abs=TOLERANCE)
    assert np.abs(gradient).max() > 100 * TOLERANCE  # else the bar would mean nothing
    np.testing.assert_allclose(logits.grad.numpy(), gradient, rtol=0, atol=TOLERANCE)


def test_dpo(case: Case) -> None:
    logits, values = logprobs_of(case, torch.float32)
    reference = torch.tensor(case.reference, dtype=torch.float32)
    loss, _ = compute_dpo_loss(values[0], values[1], reference[0], reference[1], BETA)
    assert_agrees(loss, logits, by_hand(case, 1.0, 0.0))


def test_sft_on_chosen_answers_and_on_a_critics_completions(case: Case) -> None:
    logits, values = logprobs_of(case, torch.float32)
    loss = compute_sft_loss(values[0], torch.tensor(LENGTHS[0]))
    assert_agrees(loss, logits, by_hand(case, 0.0, 1.0))


@pytest.mark.parametrize(("dpo_weight", "sft_weight"), [(0.5, 0.5), (1.0, 0.25)])
def test_their_weighted_sum(case: Case, dpo_weight: float, sft_weight: float) -> None:
    logits, values = logprobs_of(case, torch.float32)
    loss, _ = compute_expert_loss(
        PairLogprobs(*values),
        PairLogprobs(*torch.tensor(case.reference, dtype=torch.float32)),
        torch.tensor(LENGTHS[0]),
        beta=BETA,
        dpo_weight=dpo_weight,
        sft_weight=sft_weight,
    )
    assert_agrees(loss, logits, by_hand(case, dpo_weight, sft_weight))


def test_rows_taken_a_few_at_a_time_make_no_difference(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.ml.losses.ELEMENTS_AT_ONCE", 5 * N_WORDS)  # 36 rows, 5 at once
    logits, values = logprobs_of(case, torch.float64)
    loss = compute_sft_loss(values[0], torch.tensor(LENGTHS[0]))
    torch.autograd.backward(loss)
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), by_hand(case, 0.0, 1.0)[1], atol=1e-9)


def test_the_written_out_gradient_is_that_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    labels, mask = torch.tensor([[0, 4, 2], [1, 1, 3]]), torch.tensor([[1, 1, 1], [1, 0, 0]])
    assert torch.autograd.gradcheck(lambda z: sequence_logprobs(z, labels, mask), (logits,))
