"""The loss of cost learning: REINFORCE leave-one-out on a learned cost and the KL to the base."""

from __future__ import annotations

from torch import Tensor


def regularised_rewards(costs: Tensor, policy: Tensor, reference: Tensor, beta: float) -> Tensor:
    r"""The reward of each sampled reply, shape [B, k], without a gradient.

    .. math:: R = -\bar f(x, y) - \beta\,[\log\pi(y|x) - \log\pi_{ref}(y|x)]

    ``costs`` in [0, 1] and the sequences' log-probabilities (nats) have shape [B, k].

    References
    ----------
    arXiv 2601.19055, cost learning: minimise E[f + beta log(pi / pi_ref)].
    """
    return (-costs - beta * (policy - reference)).detach()


def leave_one_out(rewards: Tensor) -> Tensor:
    r"""Each reward less the mean of the others of its prompt, shape [B, k], k >= 2.

    .. math:: A_j = R_j - \frac{1}{k-1}\sum_{l \ne j} R_l = \frac{k}{k-1}(R_j - \bar R)

    References
    ----------
    Ahmadian et al. 2024, arXiv 2402.14740, equation 8 (RLOO).
    """
    k = rewards.shape[-1]
    return (rewards - rewards.mean(-1, keepdim=True)) * (k / (k - 1))


def compute_rloo_loss(policy: Tensor, rewards: Tensor) -> Tensor:
    r"""The loss whose gradient is RLOO's, a mean over replies: :math:`-A_j \log\pi(y_j | x)`.

    ``policy`` are log-probabilities of the replies that this policy sampled itself, shape [B, k].
    """
    return -(leave_one_out(rewards).detach() * policy).mean()
