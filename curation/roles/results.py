"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from curation.ml.calibration import Calibration
from curation.ml.stats import wilson_interval
from curation.models import RoleCheck
from curation.roles.strategies import Strategy


@dataclass(frozen=True, slots=True)
class Measure:
    """A further figure that the Roles page shows beside the one that decides."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One strategy's figure in [0, 1] on its labelled set, with its 95 % Wilson interval."""

    strategy: str
    metric: str
    bar: float
    has_passed: bool
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    model: str = ""
    detail: str = ""
    measures: tuple[Measure, ...] = ()
    calibration: Calibration | None = None

    @classmethod
    def of_share(
        cls, strategy: Strategy, n_right: float, n: int, *, model: str = "", detail: str = ""
    ) -> CheckResult:
        """A share of right answers; passed when it reaches the strategy's bar."""
        bar = float(strategy.bar or 0.0)
        interval = wilson_interval(n_right, n)
        figure = n_right / n if n else None
        return cls(
            strategy=strategy.key,
            metric=strategy.metric,
            bar=bar,
            has_passed=figure is not None and figure >= bar,
            figure=figure,
            low=interval.low,
            high=interval.high,
            n=n,
            model=model,
            detail=detail,
        )

    @classmethod
    def of_row(cls, strategy: Strategy, row: RoleCheck) -> CheckResult:
        """What an earlier check found."""
        return cls(
            strategy=strategy.key,
            metric=row.metric,
            bar=row.bar,
            has_passed=row.has_passed,
            figure=row.figure,
            low=row.low,
            high=row.high,
            n=row.n,
            model=row.model,
            detail=row.detail,
            measures=tuple(Measure(**values) for values in row.measures),
            calibration=Calibration.from_dict(row.calibration) if row.calibration else None,
        )

    @classmethod
    def failed(cls, strategy: Strategy, detail: str) -> CheckResult:
        """A check that could not be made."""
        return cls(strategy.key, strategy.metric, float(strategy.bar or 0.0), False, detail=detail)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, for a verification's record."""
        return {
            "judge": self.strategy,
            "figure": self.figure,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "bar": self.bar,
            "has_passed": self.has_passed,
            "detail": self.detail,
        }
