"""Two to four runs side by side: what differs in their settings, their losses, their verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from training.charts import Overlay, overlay
from training.models import TrainingRun, Verification
from training.services.metrics import loss_points
from training.services.runs import run_folder
from uno_site.errors import InvalidInput

MIN_RUNS, MAX_RUNS = 2, 4


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One column of the comparison; losses are None where nothing was measured."""

    run: TrainingRun
    verification: Verification | None
    train_loss: float | None
    best_validation_loss: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting in which the runs differ, with each run's value."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the page shows. ``n_same`` counts the settings that all runs share."""

    runs: tuple[ComparedRun, ...]
    differences: tuple[Difference, ...]
    n_same: int
    chart: Overlay | None


def chosen_ids(given: Iterable[str]) -> list[UUID]:
    """The ids of the runs to compare, each once, in the order in which they were given.

    Raises
    ------
    InvalidInput
        Fewer than two or more than four, or something that is no id.
    """
    try:
        ids = list(dict.fromkeys(UUID(one) for one in given))
    except ValueError as error:
        raise InvalidInput(_("That is no run."), remedy=_("Choose runs from the list.")) from error
    if not MIN_RUNS <= len(ids) <= MAX_RUNS:
        raise InvalidInput(
            _("Runs chosen: %(n)s.") % {"n": len(ids)},
            remedy=_("Choose two to four runs to compare."),
        )
    return ids


def compare_runs(runs: Sequence[TrainingRun]) -> Comparison:
    """Put runs side by side; reads their metrics from their folders."""
    losses = [loss_points(run_folder(run).read_rows("metrics.jsonl")) for run in runs]
    settings = [{"kind": run.kind, "seed": run.seed, **run.config} for run in runs]
    names = list(dict.fromkeys(name for values in settings for name in values))
    rows = [Difference(name, tuple(one.get(name) for one in settings)) for name in names]
    differences = [row for row in rows if any(value != row.values[0] for value in row.values)]
    return Comparison(
        runs=tuple(_column(run, points) for run, points in zip(runs, losses, strict=True)),
        differences=tuple(differences),
        n_same=len(rows) - len(differences),
        chart=overlay(losses),
    )


def _column(run: TrainingRun, points: dict[str, list[list[float]]]) -> ComparedRun:
    result = run_folder(run).read_json("result.json") or {}
    return ComparedRun(
        run=run,
        verification=getattr(run, "verification", None),
        train_loss=points["train"][-1][1] if points["train"] else None,
        best_validation_loss=min((point[1] for point in points["validation"]), default=None),
        seconds=result.get("seconds"),
    )
