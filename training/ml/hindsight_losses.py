r"""The two losses of hindsight self-distillation, and how far a reply has moved from the base.

The teacher is the same model, told the user's next message o; it re-scores the reply y that was
given to x (arXiv 2603.12273). Every function speaks of tokens first: a value for each token, and
:func:`mean_over_replies` makes of them the mean over a reply's tokens, then over replies.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .losses import precise, rows_at_once


def token_advantages(teacher: Tensor, policy: Tensor) -> Tensor:
    r"""How much likelier the teacher finds each token, in nats, without a gradient; shape [N].

    .. math:: A_i = \log\pi(y_i \mid x, o, y_{<i}) - \log\pi(y_i \mid x, y_{<i})

    ``teacher`` and ``policy`` are the log-probabilities of the tokens that were given.

    References
    ----------
    arXiv 2603.12273, §3 (token advantage, under a stop-gradient).
    """
    return (teacher - policy).detach()


def policy_gradient_tokens(teacher: Tensor, policy: Tensor) -> Tensor:
    r"""The sampled-token loss of each token, shape [N]: :math:`-A_i \log\pi(y_i | x, y_{<i})`.

    Logged replies use it as it is: biased, since no importance weights correct for the policy
    that wrote them.

    References
    ----------
    arXiv 2603.12273, §3 and its experiments (§4: this is the loss that they use).
    """
    return -token_advantages(teacher, policy) * policy


def reverse_kl_tokens(policy: Tensor, other: Tensor) -> Tensor:
    r"""KL from the policy to another model at each token, over the whole vocabulary, shape [N].

    .. math:: \mathrm{KL}_i = \sum_v \pi_v(\log\pi_v - \log q_v),\qquad
              \partial\mathrm{KL}_i/\partial z_v = \pi_v(\log\pi_v - \log q_v - \mathrm{KL}_i)

    ``policy`` and ``other`` are logits [N, V]; the gradient, written out some rows at a time,
    goes to the policy alone.

    References
    ----------
    arXiv 2603.12273, §3 (the full-distribution form: reverse KL to the stop-gradient teacher).
    """
    result: Tensor = _ReverseKL.apply(policy, other)  # type: ignore[no-untyped-call]
    return result


class _ReverseKL(torch.autograd.Function):
    """See :func:`reverse_kl_tokens`."""

    @staticmethod
    def forward(ctx: Any, policy: Tensor, other: Tensor) -> Tensor:
        n = rows_at_once(policy)
        parts = zip(torch.split(policy, n), torch.split(other, n), strict=True)
        values = torch.cat([_kl(*_log_ratios(p, q)) for p, q in parts])
        ctx.save_for_backward(policy, other, values)
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        policy, other, values = ctx.saved_tensors
        result, n = torch.empty_like(policy), rows_at_once(policy)
        parts = (torch.split(x, n) for x in (result, policy, other, values, grad))
        for out, p, q, value, g in zip(*parts, strict=True):
            logp, ratio = _log_ratios(p, q)
            out.copy_(logp.exp() * (ratio - value.unsqueeze(-1)) * g.unsqueeze(-1))
        return result, None


def _log_ratios(policy: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """log pi and log pi - log q, both [n, V]."""
    logp = precise(policy).log_softmax(-1)
    return logp, logp - precise(other).log_softmax(-1)


def _kl(logp: Tensor, ratio: Tensor) -> Tensor:
    return (logp.exp() * ratio).sum(-1)


def mean_over_replies(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over each reply's tokens, shape [B].

    ``values`` and ``mask`` have shape [B, T]; the mask comes from lengths, end-of-turn included
    (with a padding id that is the end-of-turn id, a mask from ids would lose it). Every reply
    has a token that counts.

    References
    ----------
    arXiv 2603.12273, §3: mean over the reply's tokens with EOS, then over the batch.
    """
    return (values * mask).sum(-1) / mask.sum(-1)


def excess_divergence(divergence: Tensor, cap: float) -> Tensor:
    """By how many nats a token each reply's KL to the base exceeds ``cap``; shape [B].

    Our addition: a hinge. Below the cap it costs nothing, above it pulls back.
    """
    return (divergence - cap).clamp(min=0)
