"""Which adapters are tried for a cluster, in which order (UNO §4-6)."""

from __future__ import annotations

from typing import Any

from chat.models import RouteKind
from curation.models import Cluster, RoleName
from curation.roles.resolve import active_strategy
from curation.roles.strategies import TRAINED_CRITIC
from training.models import AdapterKind, RunState, TrainingRun
from uno_site.jobs.models import Job

from .execution import run_execute
from .reporting import Portion, Reporter
from .runs import FINAL_STATES, run_create
from .verification import can_gate, run_verify

#: How much of a run's time training takes; verification takes the rest.
TRAINING_SHARE = 0.7


def path_of(cluster: Cluster) -> tuple[str, ...]:
    """The kinds to try for a cluster.

    A low gap begins with the expert and falls to the critic (UNO §4). A high gap begins with
    the critic; where that fails, the expert is tried before the base model. A gap that was
    not scored counts as low. Where the base model does not follow suggestions, no critic can
    help and only the expert is tried (docs/adr/0003-both-paths-are-verified.md).
    """
    if active_strategy(RoleName.CRITIC) != TRAINED_CRITIC:
        return (AdapterKind.EXPERT,)
    if cluster.gap_route == RouteKind.CRITIC:
        return (AdapterKind.CRITIC, AdapterKind.EXPERT)
    return (AdapterKind.EXPERT, AdapterKind.CRITIC)


def cluster_train(
    cluster: Cluster,
    report: Reporter,
    by: Any,
    *,
    kinds: tuple[str, ...] = (),
    job: Job | None = None,
    seed: int = 0,
    config: dict[str, Any] | None = None,
) -> list[TrainingRun]:
    """Train and verify a cluster's adapters until one is accepted; the runs, in order.

    Called again for the same ``job`` it goes on where the call before was cut off. Without a
    judge that may gate, no further kind is tried: nothing could accept it.

    Raises
    ------
    UnoError
        What :func:`run_create`, :func:`run_execute` and :func:`run_verify` raise.
    """
    runs: list[TrainingRun] = []
    for kind in kinds or path_of(cluster):
        run = _run_of_job(job, cluster, kind) or run_create(
            cluster, kind, by, config=config, seed=seed, job=job
        )
        runs.append(run)
        if run.state not in FINAL_STATES:
            report.log(f"{kind} on {run.n_train} pairs (run {run.pk})")
            run_execute(run, Portion(report, 0.0, TRAINING_SHARE, f"{kind}: "))
            run_verify(run, Portion(report, TRAINING_SHARE, 1.0, f"{kind}: "))
        if run.state == RunState.ACCEPTED or not can_gate(run):
            break
    return runs


def _run_of_job(job: Job | None, cluster: Cluster, kind: str) -> TrainingRun | None:
    if job is None:
        return None
    return TrainingRun.objects.filter(job=job, cluster=cluster, kind=kind).first()
