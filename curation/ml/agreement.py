"""How far two people agree beyond chance: Cohen's kappa (Cohen 1960)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.metrics import cohen_kappa_score


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Kappa in [-1, 1] of two raters' labels for the same items, in the same order.

    None where it is not defined: no items, or both raters always said the same one thing.
    """
    if not first:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 0 / 0 is what None stands for
        kappa = float(cohen_kappa_score(first, second))
    return None if np.isnan(kappa) else kappa
