"""The rows of evaluations: starting one, taking over answers, renewing the summary."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from training.evaluation.config import EvaluationConfig
from training.evaluation.methods.catalogue import METHODS, UNO, find_methods
from training.evaluation.metrics import COMMON
from training.evaluation.outside import summarise_outside
from training.evaluation.sets.outside import SIZES, is_outside_answer, outside_of
from training.evaluation.sets.protocol import Metric
from training.evaluation.sets.registry import load_set
from training.evaluation.summary import Answered, summarise
from training.models import Evaluation, EvaluationAnswer, EvaluationState
from uno_site.engine_clients import base_model_name
from uno_site.errors import InvalidInput
from uno_site.jobs.models import Job

from .outside import OUTSIDE, outside_path
from .workplace import SeedFolder, read_lines

FIELDS = (
    "topic",
    "prompt",
    "text",
    "scores",
    "kind",
    "adapter",
    "prompt_tokens",
    "completion_tokens",
    "seconds",
)


def evaluation_start(
    *,
    set_spec: str,
    methods: Iterable[str],
    seeds: Iterable[int],
    outside: str = "",
    job: Job | None = None,
) -> Evaluation:
    """The evaluation that was asked for: a new row, or the one that asked the same.

    Raises
    ------
    InvalidInput
        An unknown set or method, no seed, or an unknown size of ``outside``.
    """
    if outside and outside not in SIZES:
        raise InvalidInput(
            f"There is no {outside!r} slice outside the clusters.",
            remedy=f"Choose from {', '.join(SIZES)}, or none.",
        )
    found, names = load_set(set_spec), [method.name for method in find_methods(list(methods))]
    numbers = tuple(dict.fromkeys(seeds))
    if not numbers:
        raise InvalidInput("No seed was given.", remedy="Ask for at least one seed.")
    base = base_model_name()
    config = EvaluationConfig(set_spec, tuple(names), numbers, base, outside=outside)
    folder = str(Path(settings.DATA_DIR) / "evaluations" / config.work_key)
    evaluation, _ = Evaluation.objects.get_or_create(
        config_hash=config.hash,
        defaults={"config": config.as_json(), "title": found.title[:120], "folder": folder},
    )
    evaluation.state, evaluation.error, evaluation.job = EvaluationState.RUNNING, "", job
    evaluation.finished_at = None
    evaluation.save()
    return evaluation


def answers_take(evaluation: Evaluation, folder: SeedFolder, seed: int, name: str) -> int:
    """Take over the answers that a step has kept and that are not there yet; how many.

    Those outside every cluster are a method's after its last batch.
    """
    method = METHODS.get(name.removeprefix(OUTSIDE))
    if method is None:
        return 0
    last = method.n_batches if method.n_batches > 1 else 0
    if name != method.name:
        return _take(evaluation, outside_path(folder, method.name), seed, method.name, last)
    batches = range(1, last + 1) if last else (0,)
    return sum(
        _take(evaluation, folder.answers(name, batch), seed, name, batch) for batch in batches
    )


@transaction.atomic
def _take(evaluation: Evaluation, path: Path, seed: int, name: str, batch: int) -> int:
    where = {"method": name, "seed": seed, "batch": batch}
    known = set(evaluation.answers.filter(**where).values_list("item", flat=True))
    rows = [row for row in read_lines(path) if row["item"] not in known]
    EvaluationAnswer.objects.bulk_create(
        EvaluationAnswer(
            evaluation=evaluation,
            item=row["item"],
            **where,
            **{field: row[field] for field in FIELDS},
        )
        for row in rows
    )
    return len(rows)


def results_update(evaluation: Evaluation) -> None:
    """Renew the summary from the answers that there are, and what the steps told."""
    config = EvaluationConfig.from_json(evaluation.config)
    answers = [_answered(row) for row in evaluation.answers.all()]
    within = [answer for answer in answers if not is_outside_answer(answer.topic)]
    summary = summarise(within, config.methods, metrics_of(config), UNO)
    evaluation.results = {
        **summary,
        "metrics": [_metric(metric) for metric in metrics_of(config)],
        "steps": _steps(evaluation, config),
    }
    if config.outside:
        outside = outside_of(load_set(config.set_spec), config.outside)
        evaluation.results["outside"] = summarise_outside(answers, config.methods, outside)
    evaluation.save(update_fields=["results", "updated_at"])


def metrics_of(config: EvaluationConfig) -> tuple[Metric, ...]:
    """The set's metrics, then those that every set has."""
    return (*load_set(config.set_spec).metrics, *COMMON)


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "title": metric.title,
        "higher_is_better": metric.higher_is_better,
        "is_share": metric.bounds == (0.0, 1.0),
    }


def _answered(row: EvaluationAnswer) -> Answered:
    return Answered(
        method=row.method,
        seed=row.seed,
        batch=row.batch,
        item=row.item,
        topic=row.topic,
        text=row.text,
        scores=row.scores,
        kind=row.kind,
        prompt_tokens=row.prompt_tokens,
        seconds=row.seconds,
    )


def _steps(evaluation: Evaluation, config: EvaluationConfig) -> dict[str, dict[str, Any]]:
    """What each step has told, by method and seed: time, clusters, the noise filter."""
    told: dict[str, dict[str, Any]] = {}
    for seed in config.seeds:
        folder = SeedFolder(Path(evaluation.folder) / f"seed-{seed}")
        for name in ("live", *config.methods):
            if folder.is_done(name):
                outcome = {k: v for k, v in folder.told(name).items() if k != "signature"}
                told.setdefault(name, {})[str(seed)] = outcome
    return told


def evaluation_finish(evaluation: Evaluation, *, error: str = "") -> None:
    """Say that it has ended: done, or stopped with a reason."""
    evaluation.state = EvaluationState.STOPPED if error else EvaluationState.DONE
    evaluation.error, evaluation.finished_at = error, timezone.now()
    evaluation.save(update_fields=["state", "error", "finished_at", "updated_at"])
