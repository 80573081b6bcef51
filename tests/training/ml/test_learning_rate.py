"""Cosine without warm-up (UNO §4)."""

from __future__ import annotations

import pytest

from training.ml.loop import learning_rate


def test_starts_at_the_peak_and_falls_as_a_cosine() -> None:
    rates = [learning_rate(step, 4, 8e-4) for step in range(5)]
    assert rates == pytest.approx([8e-4, 6.8284e-4, 4e-4, 1.1716e-4, 0.0], abs=1e-8)


def test_warm_up_is_linear_and_reaches_the_peak() -> None:
    rates = [learning_rate(step, 10, 1.0, warmup_steps=4) for step in range(5)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
