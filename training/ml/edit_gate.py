"""The gate of adapters that learned from edits: what they write, not what their loss says.

DPO alone may collapse while its loss falls (arXiv 2601.19055 saw costs rise, so did we). An adapter
answers prompts whose edits it has not seen, and prompts of nobody's; both are compared with the
base's answers. Values in, values out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from chat.edit_cost import wording_similarity

from .health import FloatArray, is_repetitive, measure_health


@dataclass(frozen=True, slots=True)
class EditGateConfig:
    """The adapter's mean distance to the users' edits must lie below the base's by ``z`` standard
    errors of the differences. At most ``max_repetitive`` of its answers may go in circles, or as
    many as the base's where that is more: a small model writes poems so by itself. The median of
    its words over the edit's must be within ``min_length`` and ``max_length``. On the regression
    prompts ``min_on_topic`` of its answers must stay about their question.
    """

    z: float = 1.645
    max_repetitive: float = 0.1
    min_length: float = 0.4
    max_length: float = 2.0
    min_on_topic: float = 0.8
    min_prompts: int = 8


EDIT_GATE = EditGateConfig()


@dataclass(frozen=True, slots=True)
class EditFigures:
    """What was found. ``cost_proxy`` and ``base_proxy`` in [0, 1] are the mean distances to the
    edits (:func:`cost_proxy`), ``difference`` their mean difference with standard ``error``;
    ``repetitive`` and ``base_repetitive`` are shares of all answers, ``length_ratio`` the median of
    words over the edit's, ``on_topic`` a share of the regression answers."""

    n_prompts: int
    cost_proxy: float
    base_proxy: float
    difference: float
    error: float
    repetitive: float
    base_repetitive: float
    length_ratio: float
    on_topic: float

    def as_json(self) -> dict[str, float | int]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class EditVerdict:
    """Whether the adapter may become an arm, and what speaks against it."""

    figures: EditFigures
    faults: tuple[str, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.faults

    @property
    def reason(self) -> str:
        """The verdict in a sentence."""
        found = self.figures
        said = f"distance to the edits {found.cost_proxy:.2f} (base {found.base_proxy:.2f})"
        return f"Refused: {'; '.join(self.faults)}; {said}." if self.faults else f"Fit: {said}."


@dataclass(frozen=True, slots=True)
class GateAnswers:
    """Greedy answers to held-out prompts [n] with the users' ``edits``, and to the regression
    prompts [m]; ``topic_shares`` [m] are those of :func:`training.ml.health.topic_shares`."""

    own: Sequence[str]
    base: Sequence[str]
    edits: Sequence[str]
    regression: Sequence[str]
    base_regression: Sequence[str]
    topic_shares: FloatArray


def cost_proxy(answer: str, edit: str) -> float:
    """How far an answer lies from what the user made of another answer, in [0, 1].

    Nobody edits these answers, so the edit cost itself is not known; and divided by its own words
    it would punish whoever answers as briefly as the user writes. This one is the word-level
    distance over the longer of the two texts.
    """
    return 1.0 - wording_similarity(answer, edit)


def judge_edits(answers: GateAnswers, config: EditGateConfig = EDIT_GATE) -> EditVerdict:
    """Weigh an adapter's answers against the base's."""
    figures = _figures(answers)
    return EditVerdict(figures, tuple(_faults(figures, config)))


def _figures(answers: GateAnswers) -> EditFigures:
    own, base = (
        np.array([cost_proxy(text, edit) for text, edit in zip(texts, answers.edits, strict=True)])
        for texts in (answers.own, answers.base)
    )
    differences, n = own - base, len(own)
    error = differences.std(ddof=1) / math.sqrt(n) if n > 1 else math.inf
    pairs = zip(answers.own, answers.edits, strict=True)
    ratios = [len(text.split()) / max(1, len(edit.split())) for text, edit in pairs]
    health = measure_health(answers.regression, answers.base_regression, answers.topic_shares)
    return EditFigures(
        n_prompts=n,
        cost_proxy=float(own.mean()),
        base_proxy=float(base.mean()),
        difference=float(differences.mean()),
        error=float(error),
        repetitive=_repetitive(answers.own, answers.regression),
        base_repetitive=_repetitive(answers.base, answers.base_regression),
        length_ratio=float(np.median(ratios)),
        on_topic=health.on_topic,
    )


def _repetitive(*parts: Sequence[str]) -> float:
    """Share of all these answers that go in circles."""
    return float(np.mean([is_repetitive(text) for part in parts for text in part]))


def _faults(found: EditFigures, config: EditGateConfig) -> list[str]:
    faults = []
    if found.n_prompts < config.min_prompts:
        faults.append(f"only {found.n_prompts} held-out edits, {config.min_prompts} are needed")
    if found.difference + config.z * found.error >= 0:
        faults.append("it is not clearly nearer to the edits than the base")
    if found.repetitive > max(config.max_repetitive, found.base_repetitive):
        faults.append(
            f"{found.repetitive:.0%} of its answers go in circles"
            f" ({found.base_repetitive:.0%} of the base's)"
        )
    if not config.min_length <= found.length_ratio <= config.max_length:
        faults.append(f"its answers have {found.length_ratio:.1f} times the words of the edits")
    if found.on_topic < config.min_on_topic:
        faults.append(f"only {found.on_topic:.0%} of its other answers are about their question")
    return faults
