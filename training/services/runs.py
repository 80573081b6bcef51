"""Making a training run: its split, its folder, its way back to the entries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.models import Cluster
from curation.selectors import training_material
from training.models import (
    CLUSTER_KINDS,
    AdapterKind,
    RunState,
    Split,
    TrainingExample,
    TrainingRun,
)
from uno_site.audit.services import audit_record
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import Conflict, InvalidInput
from uno_site.jobs.models import Job, JobState

from . import material
from .base_model import TorchBase, torch_base
from .profiles import config_for
from .run_folder import RunFolder, dump_rows, rows_hash
from .starting_points import starting_point

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
        raise Conflict(
            _("%(name)s is no longer a cluster.") % {"name": cluster.name},
            remedy=_("Train its successor."),
        )
    if cluster.is_excluded:
        raise Conflict(
            _("%(name)s is excluded from training.") % {"name": cluster.name},
            remedy=_("Include it first."),
        )
    if cluster.is_noise:
        raise Conflict(
            _("%(name)s is flagged as noise.") % {"name": cluster.name},
            remedy=_("A curator may clear the flag on its page."),
        )


def run_create(
    cluster: Cluster,
    kind: str,
    by: Any,
    config: dict[str, Any] | None = None,
    seed: int = 0,
    job: Job | None = None,
    is_incremental: bool = True,
    is_shared: bool = False,
    has_common_ground: bool = False,
) -> TrainingRun:
    """Make a run of ``kind`` for a cluster: rows, folder, and examples; nothing is trained yet.

    With ``is_shared`` the folder is named after its content, and a run that was made of the
    same before is found there: trained already, or to be gone on with.

    ``is_incremental`` goes on from the cluster's served adapter where it has one and there is new
    material (:func:`training.services.starting_points.starting_point`), else from nothing, or
    with ``has_common_ground`` from what all topics have in common.

    Raises
    ------
    Conflict
        The cluster may not be learned from.
    InvalidInput
        Too few approved pairs, or a config that the trainer does not know.
    InferenceError
        The engine does not answer: it is asked which base model it serves.
    """
    if kind not in CLUSTER_KINDS:
        raise InvalidInput(
            _("There is no adapter kind %(kind)s.") % {"kind": f"{kind!r}"},
            remedy=_("Use expert or critic."),
        )
    check_trainable(cluster)
    pairs = training_material(cluster)
    split = material.split_pairs(pairs, seed=seed)
    base = torch_base(served_client().health())
    values = config_for(kind, base, config)
    start = None
    if is_incremental:
        start = starting_point(cluster, kind, values, pairs, has_common_ground=has_common_ground)
    if start is not None and not values["init_from"]:
        values |= start.as_config()
        split = material.split_pairs(pairs, seed=seed, policy=start.policy, trained=start.trained)
    run = TrainingRun(
        cluster=cluster, cluster_name=cluster.name, kind=kind, job=job, config=values, seed=seed
    )
    return _create(run, split, base, by, is_shared=is_shared)


def pooled_run_create(
    kind: str,
    name: str,
    split: material.Split,
    by: Any,
    *,
    seed: int = 0,
    job: Job | None = None,
    is_shared: bool = False,
) -> TrainingRun:
    """Make a run of ``kind`` that is no single cluster's, of pairs that were split before.

    Raises
    ------
    InferenceError
        The engine does not answer: it is asked which base model it serves.
    """
    base = torch_base(served_client().health())
    values = config_for(_learns_as(kind), base)
    run = TrainingRun(cluster_name=name, kind=kind, job=job, config=values, seed=seed)
    return _create(run, split, base, by, is_shared=is_shared)


def _create(
    run: TrainingRun, split: material.Split, base: TorchBase, by: Any, *, is_shared: bool
) -> TrainingRun:
    run.base_model, run.base_sha256 = base_model_name(), base.sha256
    run.n_train, run.n_validation = len(split.train), len(split.validation)
    _write_folder(run, split, str(base.dir), is_shared=is_shared)
    _save_run(run, split, by)
    return run


def _learns_as(kind: str) -> str:
    """The trainer's kind: common ground is what experts learn, of more topics."""
    return AdapterKind.EXPERT if kind == AdapterKind.COMMON else kind


def _write_folder(
    run: TrainingRun, split: material.Split, base_dir: str, *, is_shared: bool
) -> None:
    train = [material.training_row(run.kind, pair) for pair in split.train]
    validation = [material.training_row(run.kind, pair) for pair in split.validation]
    prompts = material.verification_rows(split.validation)
    run.data_hash = rows_hash(train, validation)
    name = _content_key(run, prompts) if is_shared else str(run.pk)
    run.folder = str(settings.DATA_DIR / "runs" / name)
    folder = run_folder(run)
    folder.write("train.jsonl", dump_rows(train))
    folder.write("validation.jsonl", dump_rows(validation))
    folder.write("prompts.jsonl", dump_rows(prompts))
    folder.write_json("config.json", trainer_config(run, base_dir))


def trainer_config(run: TrainingRun, base_dir: str) -> dict[str, Any]:
    """The run's ``config.json``: the hyper-parameters, and what they are for."""
    return {
        **run.config,
        "kind": _learns_as(run.kind),
        "base_dir": base_dir,
        "base_sha256": run.base_sha256,
        "seed": run.seed,
        "data_hash": run.data_hash,
    }


def _content_key(run: TrainingRun, prompts: Sequence[Any]) -> str:
    """A name for everything that a run's outcome depends on."""
    made_of = {
        "kind": run.kind,
        "config": {key: value for key, value in run.config.items() if key != "init_from"},
        "seed": run.seed,
        "base_sha256": run.base_sha256,
        "data_hash": run.data_hash,
    }
    return f"content-{rows_hash([made_of], prompts)[:24]}"


@transaction.atomic
def _save_run(run: TrainingRun, split: material.Split, by: Any) -> None:
    run.full_clean()
    run.save()
    TrainingExample.objects.bulk_create(
        [
            *run_examples(run, split.train, Split.TRAIN),
            *run_examples(run, split.validation, Split.VALIDATION),
        ]
    )
    audit_record(
        actor=by,
        action="run.create",
        subject=run,
        data={"cluster": run.cluster_name, "kind": run.kind},
    )


def run_examples(
    run: TrainingRun, pairs: Sequence[TrainingPair], split: Split
) -> list[TrainingExample]:
    """The run's way back to the entries behind ``pairs``; not saved yet."""
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


def run_stopped(run: TrainingRun, reason: str) -> None:
    """The work on a run was stopped on request: it is paused if that was the request."""
    run.refresh_from_db(fields=["is_pause_requested"])
    if run.is_pause_requested:
        run_set_state(run, RunState.PAUSED)
    else:
        run_set_state(run, RunState.CANCELLED, error=reason)


def run_set_state(run: TrainingRun, state: str, *, error: str = "") -> None:
    """Move a run to ``state``; its times and error follow."""
    run.state, run.error = state, error
    if state == RunState.TRAINING and run.started_at is None:
        run.started_at = timezone.now()
    is_over = state in (*FINAL_STATES, RunState.FAILED, RunState.CANCELLED)
    run.finished_at = timezone.now() if is_over else None
    run.save(update_fields=["state", "error", "started_at", "finished_at", "updated_at"])


def is_of_served_base(run: TrainingRun) -> bool:
    """Whether a run learned on the base model that is served now.

    Raises
    ------
    InferenceError
        The engine does not answer.
    """
    return run.base_sha256 == torch_base(served_client().health()).sha256


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
