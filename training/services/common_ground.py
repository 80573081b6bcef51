"""What the topics have in common: one adapter of all their training rows, which experts begin with.

A cluster's dozen pairs are enough to learn what its users want, and often too few to learn how to
write as asked at all. That part the topics share (our addition,
docs/adr/0015-experts-may-begin-from-common-ground.md). The adapter answers nobody: only what a
cluster makes of it is verified and served.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from curation.models import Cluster
from curation.selectors import training_material
from training.models import Adapter, AdapterKind, RunState, Split, TrainingExample, TrainingRun
from uno_site.errors import Conflict, InvalidInput
from uno_site.jobs.models import Job

from . import material
from .adapters import adapter_register
from .execution import run_execute
from .reporting import Reporter
from .runs import (
    FINAL_STATES,
    check_trainable,
    pooled_run_create,
    run_folder,
    run_set_state,
)
from .starting_points import latest_common

if TYPE_CHECKING:
    from curation.selectors import TrainingPair

NAME = "All topics"
#: Fewer clusters have nothing in common.
MIN_CLUSTERS = 2
#: With more than this share of its entries new it is made anew.
MAX_NEWS = 0.5


def common_train(
    clusters: Sequence[Cluster],
    report: Reporter,
    by: Any,
    *,
    seed: int = 0,
    job: Job | None = None,
    is_shared: bool = False,
) -> Adapter | None:
    """The adapter that experts of these clusters begin with, trained now where it has to be.

    It learns the rows that the clusters' own runs of this ``seed`` will train on, so what they
    hold out for verification is new to it. None where fewer than :data:`MIN_CLUSTERS` clusters
    can be trained.

    Raises
    ------
    UnoError
        What :func:`training.services.execution.run_execute` raises.
    """
    splits = [split for cluster in clusters if (split := _split(cluster, seed)) is not None]
    if len(splits) < MIN_CLUSTERS:
        return None
    pooled = _pool(splits)
    present = latest_common()
    if present is not None and _news(present, pooled.train) <= MAX_NEWS:
        return present
    run = _run_of_job(job) or pooled_run_create(
        AdapterKind.COMMON,
        NAME,
        pooled,
        by,
        seed=seed,
        job=job,
        is_shared=is_shared,
    )
    if run.state not in FINAL_STATES:
        report.log(f"common ground on {run.n_train} pairs of {len(splits)} clusters (run {run.pk})")
        run_execute(run, report)
        run_set_state(run, RunState.ACCEPTED)
    return _register(run)


def _split(cluster: Cluster, seed: int) -> material.Split | None:
    """The pairs as the cluster's own run divides them; None where it cannot be trained."""
    try:
        check_trainable(cluster)
        pairs = training_material(cluster)
        return material.split_pairs(pairs, seed=seed, policy=material.COMMON_SPLIT)
    except (Conflict, InvalidInput):
        return None


def _pool(splits: Sequence[material.Split]) -> material.Split:
    """All rows together; a prompt that any cluster holds out is in none of the training rows."""
    validation = [pair for split in splits for pair in split.validation]
    held_out = {material.prompt_key(pair) for pair in validation}
    train = [pair for split in splits for pair in split.train]
    return material.Split(
        [pair for pair in train if material.prompt_key(pair) not in held_out], validation
    )


def _news(adapter: Adapter, train: Sequence[TrainingPair]) -> float:
    """The share of these pairs' entries that an adapter has not learned, in [0, 1]."""
    wanted: set[UUID] = {pair.entry_id for pair in train}
    learned = TrainingExample.objects.filter(run=adapter.run, split=Split.TRAIN)
    return len(wanted - set(learned.values_list("entry_key", flat=True))) / len(wanted)


def _run_of_job(job: Job | None) -> TrainingRun | None:
    runs = TrainingRun.objects.filter(job=job, kind=AdapterKind.COMMON)
    return runs.first() if job is not None else None


def _register(run: TrainingRun) -> Adapter:
    """The last checkpoint. Its validation loss is the highest, and it does as users asked most: on
    prompts that it had not learned the first epoch, of the least loss, obeyed .39 of the rules and
    the last .86 (docs/experiments.md, "Which epoch is common ground")."""
    folder = run_folder(run)
    last = (folder.read_json("result.json") or {})["epochs"][-1]
    return adapter_register(run, checkpoint=folder.path / last["path"], epoch=last["epoch"])
