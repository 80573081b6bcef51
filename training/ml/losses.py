"""The losses of experts and critics as pure functions of log-probabilities."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid

Metrics = dict[str, float]

#: Logits whose softmax is computed at once: 8 MB in float32, which a processor's cache still holds.
ELEMENTS_AT_ONCE = 2**21


class PairLogprobs(NamedTuple):
    """log p(answer | context) of chosen and rejected answers, in nats, each of shape [n_pairs]."""

    chosen: Tensor
    rejected: Tensor


def sequence_logprobs(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Sum of the log-probabilities of each sequence's masked-in tokens.

    Parameters
    ----------
    logits : Tensor
        Shape [B, T, V]; ``logits[:, t]`` predicts ``labels[:, t]`` (already shifted).
    labels : Tensor
        Token ids, shape [B, T]; any valid id where the mask is 0.
    mask : Tensor
        Shape [B, T], 1 for tokens that count. Made from lengths, never from the padding id.

    Returns
    -------
    Tensor
        Shape [B], nats, float32 or better whatever the logits are.
    """
    flat = token_logprobs(logits.flatten(0, 1), labels.flatten())
    return (flat.view(labels.shape) * mask).sum(-1)


def token_logprobs(logits: Tensor, labels: Tensor) -> Tensor:
    r"""log softmax at the labels: :math:`z_y - \log\sum_v e^{z_v}`, shape [N], nats.

    ``logits`` has shape [N, V], ``labels`` [N]. The result is float32 or better. The gradient,
    :math:`g\,(1_{v=y} - e^{z_v - \mathrm{lse}})`, is written out, some rows at a
    time: the softmax is computed once, and besides the logits and their gradient no tensor of
    [N, V] comes to be.
    """
    result: Tensor = _TokenLogprobs.apply(logits, labels)  # type: ignore[no-untyped-call]
    return result


class _TokenLogprobs(torch.autograd.Function):
    """See :func:`token_logprobs`."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor) -> Tensor:
        parts = torch.split(logits, rows_at_once(logits))
        lse = torch.cat([precise(part).logsumexp(-1) for part in parts])
        ctx.save_for_backward(logits, labels, lse)
        return precise(logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1)) - lse

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        logits, labels, lse = ctx.saved_tensors
        result = torch.empty_like(logits)
        n = rows_at_once(logits)
        columns = (lse.unsqueeze(-1), labels.unsqueeze(-1), grad.unsqueeze(-1))
        parts = (tensor.split(n) for tensor in (result, logits, *columns))
        for out, z, total, label, g in zip(*parts, strict=True):
            softmax = (precise(z) - total).exp_()
            out.copy_(softmax.mul_(-g).scatter_add_(-1, label, g))
        return result, None


def precise(logits: Tensor) -> Tensor:
    """``logits`` in float32 or better."""
    return logits if logits.dtype == torch.float64 else logits.float()


def rows_at_once(logits: Tensor) -> int:
    """How many rows of logits [N, V] to compute at a time (:data:`ELEMENTS_AT_ONCE`)."""
    return max(1, ELEMENTS_AT_ONCE // logits.shape[-1])


def compute_dpo_loss(
    policy_chosen: Tensor,
    policy_rejected: Tensor,
    ref_chosen: Tensor,
    ref_rejected: Tensor,
    beta: float,
) -> tuple[Tensor, Metrics]:
    r"""Sigmoid DPO loss, mean over pairs.

    .. math:: -\log\sigma\big(\beta[(\log\pi(y_c) - \log\pi_{ref}(y_c))
              - (\log\pi(y_r) - \log\pi_{ref}(y_r))]\big)

    All inputs are sequence log-probabilities of shape [n_pairs], in nats.

    Returns
    -------
    loss : Tensor
        Scalar.
    metrics : dict
        ``reward_margin``: mean of beta times the difference of log-ratios;
        ``reward_accuracy``: share of pairs with a margin above 0.

    References
    ----------
    Rafailov et al. (2023), "Direct Preference Optimization", equation 7; UNO §4.
    """
    margin = beta * ((policy_chosen - ref_chosen) - (policy_rejected - ref_rejected))
    metrics = {
        "reward_margin": margin.detach().mean().item(),
        "reward_accuracy": (margin.detach() > 0).float().mean().item(),
    }
    return -logsigmoid(margin).mean(), metrics


def compute_sft_loss(logprobs: Tensor, n_tokens: Tensor) -> Tensor:
    """Negative log-likelihood in nats per token: a mean over all tokens, not over sequences.

    Parameters
    ----------
    logprobs : Tensor
        Sequence log-probabilities, shape [B].
    n_tokens : Tensor
        Tokens of each sequence, end-of-turn included, shape [B].
    """
    return -logprobs.sum() / n_tokens.sum()


def compute_expert_loss(
    policy: PairLogprobs,
    reference: PairLogprobs,
    n_chosen_tokens: Tensor,
    *,
    beta: float,
    dpo_weight: float,
    sft_weight: float,
    pair_share: float = 1.0,
    token_share: float = 1.0,
) -> tuple[Tensor, Metrics]:
    """``dpo_weight`` x DPO + ``sft_weight`` x SFT on the chosen answers.

    ``pair_share`` and ``token_share`` are a micro-batch's shares in (0, 1] of its batch's pairs
    and chosen tokens. With them the losses, metrics and gradients of the micro-batches add up
    to those of the batch, however it is cut.

    Returns
    -------
    loss : Tensor
        Scalar.
    metrics : dict
        Those of :func:`compute_dpo_loss`, and ``loss``, ``dpo_loss``, ``sft_loss``.

    References
    ----------
    UNO §4; the same mixture is the "early ensemble" of arXiv 2601.19055, equation 7.
    """
    dpo, metrics = compute_dpo_loss(*policy, *reference, beta=beta)
    dpo = dpo * pair_share
    sft = compute_sft_loss(policy.chosen, n_chosen_tokens) * token_share
    loss = dpo_weight * dpo + sft_weight * sft
    shared = {name: value * pair_share for name, value in metrics.items()}
    return loss, {"loss": loss.item(), "dpo_loss": dpo.item(), "sft_loss": sft.item(), **shared}
