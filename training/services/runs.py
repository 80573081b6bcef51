"""Making a training run: its split, its folder, its way back to the entries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from curation.models import Cluster
from curation.selectors import training_material
from training.models import AdapterKind, RunState, Split, TrainingExample, TrainingRun
from uno_site.audit.services import audit_record
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import Conflict, InvalidInput
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.services import job_cancel

from . import material
from .base_model import torch_base
from .profiles import config_for
from .run_folder import RunFolder, dump_rows, rows_hash

if TYPE_CHECKING:
    from curation.selectors import TrainingPair

#: A run in one of these states has an end that nothing will change.
FINAL_STATES = (RunState.ACCEPTED, RunState.REFUSED)
ACTIVE_STATES = (RunState.QUEUED, RunState.TRAINING, RunState.TRAINED, RunState.VERIFYING)


def run_folder(run: TrainingRun) -> RunFolder:
    """The folder of a run."""
    return RunFolder(Path(run.folder))


def check_trainable(cluster: Cluster) -> None:
    """Refuse a cluster that must not be learned from.

    Raises
    ------
    Conflict
        It is noise, excluded or retired.
    """
    if cluster.retired_at is not None:
        raise Conflict(f"{cluster.name} is no longer a cluster.", remedy="Train its successor.")
    if cluster.is_excluded:
        raise Conflict(f"{cluster.name} is excluded from training.", remedy="Include it first.")
    if cluster.is_noise:
        raise Conflict(
            f"{cluster.name} is flagged as noise.",
            remedy="A curator may clear the flag on its page.",
        )


def run_create(
    cluster: Cluster,
    kind: str,
    by: Any,
    config: dict[str, Any] | None = None,
    seed: int = 0,
    job: Job | None = None,
) -> TrainingRun:
    """Make a run of ``kind`` for a cluster: rows, folder, and examples; nothing is trained yet.

    Raises
    ------
    Conflict
        The cluster may not be learned from.
    InvalidInput
        Too few approved pairs, or a config that the trainer does not know.
    InferenceError
        The engine does not answer: it is asked which base model it serves.
    """
    if kind not in AdapterKind.values:
        raise InvalidInput(f"There is no adapter kind {kind!r}.", remedy="Use expert or critic.")
    check_trainable(cluster)
    split = material.split_pairs(training_material(cluster), seed=seed)
    base = torch_base(served_client().health())
    run = TrainingRun(
        cluster=cluster,
        cluster_name=cluster.name,
        kind=kind,
        job=job,
        config=config_for(kind, base, config),
        seed=seed,
        base_model=base_model_name(),
        base_sha256=base.sha256,
        n_train=len(split.train),
        n_validation=len(split.validation),
    )
    run.folder = str(settings.DATA_DIR / "runs" / str(run.pk))
    _write_folder(run, split, str(base.dir))
    _save_run(run, split, by)
    return run


def _write_folder(run: TrainingRun, split: material.Split, base_dir: str) -> None:
    folder = run_folder(run)
    train = [material.training_row(run.kind, pair) for pair in split.train]
    validation = [material.training_row(run.kind, pair) for pair in split.validation]
    run.data_hash = rows_hash(train, validation)
    folder.write("train.jsonl", dump_rows(train))
    folder.write("validation.jsonl", dump_rows(validation))
    folder.write("prompts.jsonl", dump_rows(material.verification_rows(split.validation)))
    folder.write_json(
        "config.json",
        {
            **run.config,
            "kind": run.kind,
            "base_dir": base_dir,
            "base_sha256": run.base_sha256,
            "seed": run.seed,
            "data_hash": run.data_hash,
        },
    )


@transaction.atomic
def _save_run(run: TrainingRun, split: material.Split, by: Any) -> None:
    run.full_clean()
    run.save()
    TrainingExample.objects.bulk_create(
        [
            *_examples(run, split.train, Split.TRAIN),
            *_examples(run, split.validation, Split.VALIDATION),
        ]
    )
    audit_record(
        actor=by,
        action="run.create",
        subject=run,
        data={"cluster": run.cluster_name, "kind": run.kind},
    )


def _examples(
    run: TrainingRun, pairs: Sequence[TrainingPair], split: Split
) -> list[TrainingExample]:
    return [
        TrainingExample(
            run=run,
            entry_id=pair.entry_id,
            entry_key=pair.entry_id,
            pair_id=pair.pair_id,
            split=split,
        )
        for pair in pairs
    ]


def run_set_state(run: TrainingRun, state: str, *, error: str = "") -> None:
    """Move a run to ``state``; its times and error follow."""
    run.state, run.error = state, error
    if state == RunState.TRAINING and run.started_at is None:
        run.started_at = timezone.now()
    is_over = state in (*FINAL_STATES, RunState.FAILED, RunState.CANCELLED)
    run.finished_at = timezone.now() if is_over else None
    run.save(update_fields=["state", "error", "started_at", "finished_at", "updated_at"])


def run_cancel(*, run: TrainingRun, by: Any) -> None:
    """Stop a run: its job is asked to stop; what was trained so far is kept for a resume.

    Raises
    ------
    Conflict
        It has already ended.
    """
    if run.state not in ACTIVE_STATES:
        raise Conflict(f"The run has already ended ({run.get_state_display()}).")
    if run.job is not None and run.job.is_active:
        job_cancel(job=run.job, by=by)
    else:
        run_set_state(run, RunState.CANCELLED, error="Cancelled while nothing worked on it.")
    audit_record(actor=by, action="run.cancel", subject=run)


def abandoned_runs() -> QuerySet[TrainingRun]:
    """Runs that claim to be at work although their job has ended.

    A job whose process died is taken up again, and its run with it, so those are not meant;
    but after the last attempt, or where the job's row is gone, nobody will come.
    """
    is_over = ~Q(job__state__in=(JobState.QUEUED, JobState.RUNNING))
    return TrainingRun.objects.filter(state__in=ACTIVE_STATES).filter(Q(job=None) | is_over)


def runs_settle() -> int:
    """Mark abandoned runs as failed, so that their cluster can be trained again; how many."""
    abandoned = list(abandoned_runs())
    for run in abandoned:
        reason = run.error or "The process that worked on it ended without a word."
        run_set_state(run, RunState.FAILED, error=reason)
    return len(abandoned)
