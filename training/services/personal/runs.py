"""The run of one update, a person's or the shared adapter's: making it, and going on with one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from training.ml.warm_start import misfit
from training.models import Adapter, AdapterKind, Interaction, TrainingRun
from training.services import runs as run_services
from training.services.adapters import is_intact
from training.services.base_model import TorchBase
from training.services.late_checks import lacks_check
from training.services.profiles import config_for
from training.services.run_folder import Row, dump_rows, rows_hash
from training.services.starting_points import StartingPoint, is_tainted_start
from uno_site.audit.services import audit_record
from uno_site.engine_clients import base_model_name, served_client
from uno_site.jobs.models import Job
from uno_site.runtime.services import runtime_setting

from .rows import canary_rows, interaction_row

#: One of so many interactions only validates.
HELD_OUT_EVERY = 8
#: A check that could not be done, because the engine was away, is tried again after so long.
CHECK_AGAIN_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Learner:
    """Whose adapter learns. ``mark`` is the field of an interaction that remembers the run.

    ``start`` is the version to go on from, ``seed`` orders the rows.
    """

    name: str
    mark: str
    start: Adapter | None
    seed: int
    owner: Any = None


Taken = Sequence[tuple[Interaction, dict[str, Any]]]


def rows_of(interactions: Sequence[Interaction]) -> list[tuple[Interaction, dict[str, Any]]]:
    """Each interaction with its row; those about which nothing is said any more are left out."""
    rows = [(one, interaction_row(one)) for one in interactions]
    return [(one, row) for one, row in rows if row["follow_up"]]


def run_begin(learner: Learner, rows: Taken, job: Job | None) -> TrainingRun:
    """Make a run of these interactions, which are then no longer waiting for this adapter."""
    base = run_services.torch_base(served_client().health())
    train, validation = _split([row for _, row in rows])
    run = TrainingRun(
        cluster_name=learner.name,
        owner=learner.owner,
        owner_key=learner.owner.pk if learner.owner is not None else None,
        kind=AdapterKind.HINDSIGHT,
        job=job,
        config=_config(learner.start, base),
        seed=learner.seed,
        base_model=base_model_name(),
        base_sha256=base.sha256,
        data_hash=rows_hash(train, validation),
        n_train=len(train),
        n_validation=len(validation),
    )
    run.folder = str(settings.DATA_DIR / "runs" / str(run.pk))
    _write(run, train, validation, base)
    with transaction.atomic():
        run.full_clean()
        run.save()
        keys = [one.pk for one, _ in rows]
        Interaction.objects.filter(pk__in=keys).update(**{learner.mark: run})
        action = "personal.run" if learner.owner is not None else "shared.run"
        audit_record(actor=None, action=action, subject=run, data={"n": len(rows)})
    return run


def _split(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    last = HELD_OUT_EVERY - 1
    held_out = [row for index, row in enumerate(rows) if index % HELD_OUT_EVERY == last]
    train = [row for index, row in enumerate(rows) if index % HELD_OUT_EVERY != last]
    return train, held_out


def _write(
    run: TrainingRun, train: Sequence[Row], validation: Sequence[Row], base: TorchBase
) -> None:
    folder = run_services.run_folder(run)
    folder.write("train.jsonl", dump_rows(train))
    folder.write("validation.jsonl", dump_rows(validation))
    folder.write("prompts.jsonl", dump_rows(canary_rows([dict(row) for row in validation])))
    folder.write_json("config.json", run_services.trainer_config(run, str(base.dir)))


def _config(start: Adapter | None, base: TorchBase) -> dict[str, Any]:
    """The settings; they go on from ``start`` where it is whole and fits them."""
    changes = {"teacher": runtime_setting("hindsight_teacher")}
    values = config_for(AdapterKind.HINDSIGHT, base, changes)
    if start is None or not is_intact(start):
        return values
    if misfit(Path(start.path), values, AdapterKind.HINDSIGHT, start.base_sha256):
        return values
    return values | StartingPoint(start, frozenset()).as_config()


def unfinished_run(runs: QuerySet[TrainingRun], mark: str, job: Job | None) -> TrainingRun | None:
    """The run to go on with: the one that ``job`` was broken off in, or :func:`unchecked_run`,
    which is then the job's."""
    begun = runs.filter(state__in=run_services.ACTIVE_STATES, job=job) if job is not None else None
    run = (begun.first() if begun is not None else None) or unchecked_run(runs, mark, job)
    if run is not None and job is not None and run.job_id != job.pk:
        run.job = job
        run.save(update_fields=["job", "updated_at"])
    return run


def unchecked_run(
    runs: QuerySet[TrainingRun], mark: str, job: Job | None = None
) -> TrainingRun | None:
    """The newest of the runs, if it is trained and only its check could not be done, whatever
    its job was; None where another job than ``job`` is at work on it.

    All that it learned must still be there (``mark`` as in :class:`Learner`).
    """
    run = runs.select_related("job").order_by("-created_at").first()
    if run is None or not lacks_check(run, job) or is_tainted_start(run):
        return None
    learned = Interaction.objects.agreed().filter(**{mark: run})
    return run if learned.count() == run.n_train + run.n_validation else None


def is_check_due(run: TrainingRun) -> bool:
    """Whether the check that could not be done may be tried again."""
    return run.updated_at <= timezone.now() - CHECK_AGAIN_AFTER


def run_tidy(run: TrainingRun) -> None:
    """Let go of what only an unfinished run needs; the adapter has a place of its own."""
    for name in ("state", "checkpoints"):
        shutil.rmtree(Path(run.folder, name), ignore_errors=True)
