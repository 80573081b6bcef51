"""Which adapters are tried for a cluster, in which order (UNO §4-6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _lazy

from curation.models import Cluster, CurationPolicy, RoleName, RoutePolicy
from curation.roles.bindings import binding_get
from curation.roles.resolve import active_strategy
from curation.roles.strategies import EXPERT_ONLY, TRAINED_CRITIC
from curation.selectors import training_material
from training.ml.paths import PathOrder, Verified, evidence_order, paper_order
from training.models import RunState, TrainingRun, Verification
from uno_site.jobs.models import Job

from .execution import run_execute
from .late_checks import lacks_check
from .path_choice import PRODUCT, PathChoice
from .reporting import Portion, Reporter
from .runs import FINAL_STATES, is_of_served_base, run_create
from .starting_points import is_tainted_start
from .unverified import run_accept_unverified
from .verification import can_gate, run_verify

#: How much of a run's time training takes; verification takes the rest.
TRAINING_SHARE = 0.7
NO_CRITIC = _lazy("The base model does not follow suggestions, so only an expert is tried.")
UNCHECKED = _lazy(
    "{reason} Before the first run it is checked whether the base model follows suggestions; "
    "where it does not, only an expert is tried."
)


def path_of(cluster: Cluster) -> PathOrder:
    """The kinds to try for a cluster, in order, and why: the one place that decides it.

    By the policy "paper" a low gap begins with the expert and falls to the critic (UNO §4), and
    a high gap begins with the critic; where that fails, the expert is tried before the base
    model. By "evidence" the path comes first that verification showed to win more often. Where
    the base model does not follow suggestions, no critic can help and only the expert is tried
    (docs/adr/0003-both-paths-are-verified.md).
    """
    if active_strategy(RoleName.CRITIC) != TRAINED_CRITIC:
        return PathOrder(("expert",), "paper", NO_CRITIC)
    return _orders([cluster])[cluster.pk]


def known_paths(clusters: Iterable[Cluster]) -> dict[UUID, PathOrder]:
    """As :func:`path_of`, by what is known now: for pages, which must not start a check."""
    critic = binding_get(RoleName.CRITIC)
    if critic.active == EXPERT_ONLY:
        return {cluster.pk: PathOrder(("expert",), "paper", NO_CRITIC) for cluster in clusters}
    orders = _orders(clusters)
    if critic.checked_at is not None:
        return orders
    return {
        pk: replace(order, reason=format_lazy(UNCHECKED, reason=order.reason))
        for pk, order in orders.items()
    }


def _orders(clusters: Iterable[Cluster]) -> dict[UUID, PathOrder]:
    """The orders that the instance's route policy gives, both paths being open."""
    policy = CurationPolicy.current()
    threshold = policy.gap_threshold
    if policy.route_policy != RoutePolicy.EVIDENCE:
        return {cluster.pk: paper_order(cluster.gap, threshold) for cluster in clusters}
    known = verified_paths()
    return {
        cluster.pk: evidence_order(str(cluster.pk), cluster.gap, known, threshold)
        for cluster in clusters
    }


def verified_paths() -> list[Verified]:
    """What verification showed: every judged run of a cluster that is still there."""
    judged = Verification.objects.filter(win_rate__isnull=False, run__cluster__isnull=False)
    return [
        Verified(
            kind=one.run.kind,
            cluster=str(one.run.cluster_id),
            gap=one.run.cluster.gap,
            points=float(one.win_rate or 0.0) * one.n_prompts,
            n_queries=one.n_prompts,
        )
        for one in judged.select_related("run__cluster")
    ]


def cluster_train(
    cluster: Cluster,
    report: Reporter,
    by: Any,
    *,
    kinds: tuple[str, ...] = (),
    job: Job | None = None,
    seed: int = 0,
    config: dict[str, Any] | None = None,
    choice: PathChoice = PRODUCT,
    is_incremental: bool = True,
) -> list[TrainingRun]:
    """Train and verify a cluster's adapters until one is accepted; the runs, in order.

    Called again for the same ``job`` it goes on where the call before was cut off, and what was
    trained of the same pairs but could not be verified is verified now. Without a
    judge that may gate, no further kind is tried: nothing could accept it. ``is_incremental``
    goes on from the served adapter where there is new material (:func:`run_create`).

    Raises
    ------
    UnoError
        What :func:`run_create`, :func:`run_execute` and :func:`run_verify` raise.
    """
    runs: list[TrainingRun] = []
    for kind in kinds or choice.of(_announced(cluster, report)):
        report.progress(0.0, f"{kind}: preparing the base model and the pairs")
        known = _run_of_job(job, cluster, kind) or (
            None if config else _unchecked(cluster, kind, job, seed)
        )
        run = known or run_create(
            cluster,
            kind,
            by,
            config=config,
            seed=seed,
            job=job,
            is_shared=choice.is_shared,
            has_common_ground=choice.has_common_ground,
            is_incremental=is_incremental,
        )
        runs.append(run)
        if run.state not in FINAL_STATES:
            report.log(f"{kind} on {run.n_train} pairs (run {run.pk})")
            run_execute(run, Portion(report, 0.0, TRAINING_SHARE, f"{kind}: "))
            conclude = run_verify if choice.is_verified else run_accept_unverified
            conclude(run, Portion(report, TRAINING_SHARE, 1.0, f"{kind}: "))
        if run.state == RunState.ACCEPTED or not can_gate(run):
            break
    return runs


def _announced(cluster: Cluster, report: Reporter) -> tuple[str, ...]:
    report.progress(0.0, "choosing the path; a role that was never checked is checked first")
    order = path_of(cluster)
    report.log(f"{' → '.join(order.kinds)}: {order.reason}")
    return order.kinds


def _run_of_job(job: Job | None, cluster: Cluster, kind: str) -> TrainingRun | None:
    if job is None:
        return None
    return TrainingRun.objects.filter(job=job, cluster=cluster, kind=kind).first()


def _unchecked(cluster: Cluster, kind: str, job: Job | None, seed: int) -> TrainingRun | None:
    """The cluster's newest run of ``kind``, if it only waits to be verified: the job's from now."""
    run = TrainingRun.objects.filter(cluster=cluster, kind=kind).order_by("-created_at").first()
    if run is None or not lacks_check(run, job) or is_tainted_start(run):
        return None
    pairs = {str(pair.pair_id) for pair in training_material(cluster)}
    learned = {str(key) for key in run.examples.values_list("pair_id", flat=True)}
    if learned != pairs or run.seed != seed or not is_of_served_base(run):
        return None
    run.job = job
    run.save(update_fields=["job", "updated_at"])
    return run
