"""From a scorer's evidence to a probability, and how far that probability can be believed.

A raw figure (a difference of log-probabilities, a cosine) says more or less, not yes or no. A
logistic mapping is fitted on one half of the labelled rows (Platt 1999); accuracy and area under
the curve are told on the other half, which the fit never saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from curation.ml.stats import Interval, wilson_interval

COVERED = 0.5
"""Probability from which a row counts as positive."""
HELD_OUT = 0.5
"""Share of the labelled rows that the figures are told on."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """P(positive) = 1 / (1 + exp(−(``weight`` · evidence + ``bias``)))."""

    weight: float
    bias: float

    def __call__(self, evidence: float) -> float:
        """The probability in [0, 1]."""
        exponent = -(self.weight * evidence + self.bias)
        return 1.0 / (1.0 + exp(max(-700.0, min(700.0, exponent))))

    def as_dict(self) -> dict[str, float]:
        """JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> Calibration:
        """Back from :meth:`as_dict`."""
        return cls(float(values["weight"]), float(values["bias"]))


IDENTITY_LOGIT = Calibration(1.0, 0.0)
"""What ln P("yes") − ln P("no") means before anything is fitted: their softmax (UNO §3)."""


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """A fitted mapping and its figures on the held-out half.

    ``auc`` is the area under the ROC curve of the raw evidence: the share of (positive, negative)
    pairs that it puts in the right order, ties half.
    """

    calibration: Calibration
    n_right: int
    n: int
    auc: float

    @property
    def accuracy(self) -> float:
        """Share of the held-out rows told right."""
        return self.n_right / self.n

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval of the accuracy."""
        return wilson_interval(self.n_right, self.n)

    @property
    def is_upright(self) -> bool:
        """Whether more evidence means a likelier yes; a mapping that turns it round is chance."""
        return self.calibration.weight > 0


def fit_calibration(evidence: Sequence[float], labels: Sequence[bool]) -> Calibration:
    """Fit the logistic mapping, lightly regularised, on standardised evidence.

    Raises
    ------
    ValueError
        Fewer than two rows of a kind, or evidence that is not finite.
    """
    values, truth = np.asarray(evidence, dtype=np.float64), np.asarray(labels, dtype=bool)
    if not np.isfinite(values).all():
        raise ValueError("Evidence must be finite.")
    if min(truth.sum(), (~truth).sum()) < 2:
        raise ValueError(f"Two rows of each kind are needed; got {truth.sum()} of {truth.size}.")
    mean, scale = float(values.mean()), float(values.std()) or 1.0
    model = LogisticRegression().fit(((values - mean) / scale).reshape(-1, 1), truth)
    weight = float(model.coef_[0, 0]) / scale
    return Calibration(weight, float(model.intercept_[0]) - weight * mean)


def calibrate(
    evidence: Sequence[float], labels: Sequence[bool], *, seed: int = 0
) -> CalibrationReport:
    """Fit on one half, drawn by ``seed`` with as many of each kind, and measure on the other.

    Raises
    ------
    ValueError
        As :func:`fit_calibration`, or not as much evidence as labels.
    """
    if len(evidence) != len(labels):
        raise ValueError(f"{len(evidence)} figures for {len(labels)} labels.")
    rows = np.arange(len(labels))
    fitted, held_out = train_test_split(
        rows, test_size=HELD_OUT, random_state=seed, stratify=np.asarray(labels)
    )
    calibration = fit_calibration([evidence[i] for i in fitted], [labels[i] for i in fitted])
    return measure(calibration, [evidence[i] for i in held_out], [labels[i] for i in held_out])


def measure(
    calibration: Calibration, evidence: Sequence[float], labels: Sequence[bool]
) -> CalibrationReport:
    """Figures of a given mapping on rows that it was not fitted on."""
    n_right = sum(
        (calibration(value) >= COVERED) == label
        for value, label in zip(evidence, labels, strict=True)
    )
    return CalibrationReport(
        calibration, n_right, len(labels), float(roc_auc_score(list(labels), list(evidence)))
    )
