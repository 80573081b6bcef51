"""Geometry of the training room's charts. Values in, numbers for SVG out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

Estimate = Mapping[str, float]
CURVE_WIDTH, CURVE_HEIGHT, CURVE_PAD = 320.0, 150.0, 28.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One method's bar: positions in per cent of the chart's width."""

    label: str
    width: float
    low: float
    high: float
    estimate: Estimate
    is_reference: bool


@dataclass(frozen=True, slots=True)
class BarChart:
    """The bars of one metric, best values not marked: the intervals speak."""

    title: str
    note: str
    is_share: bool
    bars: tuple[Bar, ...]


def bar_chart(
    metric: Mapping[str, Any],
    estimates: Mapping[str, Estimate | None],
    labels: Mapping[str, str],
    reference: str,
) -> BarChart:
    """Bars of one metric for methods that have it, in the order of ``estimates``.

    A share is drawn on the scale 0 to 1, anything else up to the largest interval's end.
    """
    found = {name: estimate for name, estimate in estimates.items() if estimate}
    top = 1.0 if metric["is_share"] else max((e["high"] for e in found.values()), default=0.0)
    scale = 100 / top if top > 0 else 0.0
    return BarChart(
        title=metric["title"],
        note=_("higher is better") if metric["higher_is_better"] else _("lower is better"),
        is_share=metric["is_share"],
        bars=tuple(
            Bar(
                labels.get(name, name),
                *(_within(estimate[key] * scale) for key in ("mean", "low", "high")),
                estimate,
                name == reference,
            )
            for name, estimate in found.items()
        ),
    )


def _within(value: float) -> float:
    return round(min(max(value, 0.0), 100.0), 2)


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric over batches: a line, the band of its intervals, and labelled points."""

    line: str
    band: str
    points: tuple[dict[str, Any], ...]
    gridlines: tuple[dict[str, float], ...]
    width: float = CURVE_WIDTH
    height: float = CURVE_HEIGHT


def curve(
    estimates: Sequence[Estimate | None], *, labels: Sequence[str] = (), top: float = 1.0
) -> Curve | None:
    """A figure in [0, ``top``] over batches 1 to n; None for fewer than two that are measured.

    ``labels`` are what the batches are called; without any, their numbers.
    """
    found = [(batch, e) for batch, e in enumerate(estimates, start=1) if e]
    if len(found) < 2:
        return None
    step = (CURVE_WIDTH - 2 * CURVE_PAD) / (len(estimates) - 1)

    def place(batch: int, value: float) -> tuple[float, float]:
        x = CURVE_PAD + (batch - 1) * step
        y = CURVE_HEIGHT - CURVE_PAD - value / top * (CURVE_HEIGHT - 1.5 * CURVE_PAD)
        return round(x, 1), round(y, 1)

    means = [place(batch, e["mean"]) for batch, e in found]
    upper = [place(batch, e["high"]) for batch, e in found]
    lower = [place(batch, e["low"]) for batch, e in found]
    return Curve(
        line=_path(means),
        band=_path([*upper, *reversed(lower)]),
        points=tuple(
            {
                "x": x,
                "y": y,
                "batch": batch,
                "label": labels[batch - 1] if labels else str(batch),
                "estimate": e,
            }
            for (x, y), (batch, e) in zip(means, found, strict=True)
        ),
        gridlines=tuple({"y": place(1, share)[1], "share": share} for share in (0.0, top / 2, top)),
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


OVERLAY_WIDTH, OVERLAY_HEIGHT, OVERLAY_PAD = 640.0, 260.0, 36.0
N_MARKS = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A value on an axis, and where it stands."""

    at: float
    value: float


@dataclass(frozen=True, slots=True)
class LossLines:
    """One run's losses as points of an SVG ``polyline``; empty where there are none."""

    train: str
    validation: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """Several runs' losses over their steps, on the same axes."""

    lines: tuple[LossLines, ...]
    losses: tuple[Mark, ...]
    steps: tuple[Mark, ...]
    width: float = OVERLAY_WIDTH
    height: float = OVERLAY_HEIGHT


def overlay(runs: Sequence[Mapping[str, Sequence[Sequence[float]]]]) -> Overlay | None:
    """Losses as from :func:`training.services.metrics.loss_points`; None without any point."""
    points = [point for run in runs for line in run.values() for point in line]
    if not points:
        return None
    last = max(step for step, _ in points) or 1.0
    low = min(0.0, *(loss for _, loss in points))
    span = (max(loss for _, loss in points) - low) * 1.05 or 1.0

    def x(step: float) -> float:
        return round(OVERLAY_PAD + step / last * (OVERLAY_WIDTH - 1.5 * OVERLAY_PAD), 1)

    def y(loss: float) -> float:
        height = OVERLAY_HEIGHT - 1.5 * OVERLAY_PAD
        return round(OVERLAY_HEIGHT - OVERLAY_PAD - (loss - low) / span * height, 1)

    def line(places: Sequence[Sequence[float]]) -> str:
        return _path([(x(step), y(loss)) for step, loss in places])

    return Overlay(
        lines=tuple(LossLines(line(run["train"]), line(run["validation"])) for run in runs),
        losses=tuple(Mark(y(value), value) for value in _marks(low, low + span)),
        steps=tuple(Mark(x(value), value) for value in _marks(0.0, last) if value == int(value)),
    )


def _marks(low: float, high: float) -> list[float]:
    """Round values of 1, 2 or 5 times a power of ten that divide a span into about four parts."""
    raw = (high - low) / N_MARKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step)
    return [round(n * step, 6) for n in range(first, math.floor(high / step) + 1)]
