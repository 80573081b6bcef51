"""Small-sample statistics that decide whether a figure may be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt

CHANCE = 0.5
"""What a coin gets right, and how often the base model wins against itself."""
Z_95 = 1.959963984540054
"""Two-sided 95 % quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a proportion, both ends in [0, 1]."""

    low: float
    high: float


def wilson_interval(n_right: float, n: int, z: float = Z_95) -> Interval:
    """Wilson score interval of a proportion.

    Parameters
    ----------
    n_right : float
        Successes in [0, n]; a tie may count .5.
    n : int
        Trials. 0 gives the interval [0, 1]: nothing is known.
    z : float
        Normal quantile; the default gives 95 %.

    Raises
    ------
    ValueError
        ``n_right`` outside [0, n].

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    if not 0 <= n_right <= n:
        raise ValueError(f"n_right must lie in [0, n]; got {n_right} of {n}.")
    if n == 0:
        return Interval(0.0, 1.0)
    share = n_right / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def is_above_chance(n_right: float, n: int) -> bool:
    """Whether the whole 95 % Wilson interval lies above :data:`CHANCE`.

    The one definition of "more than chance", for judges and for promotions. A coin passes in about
    2.5 % of cases (6 % with four trials). Three of three do not pass, four of four do.
    """
    return wilson_interval(n_right, n).low > CHANCE


def trials_above_chance(share: float, z: float = Z_95) -> int | None:
    """The fewest trials with which ``share`` right answers lie above chance; None if none do.

    Wilson's interval is that of the score test, so its low end exceeds ½ exactly where
    n > z² · ¼ / (share − ½)².

    Raises
    ------
    ValueError
        ``share`` outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"A share lies in [0, 1]; got {share}.")
    if share <= CHANCE:
        return None
    return floor(z * z * CHANCE * (1 - CHANCE) / (share - CHANCE) ** 2) + 1
