"""One pass of the whole loop: distil, cluster, score, train, verify, promote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from curation.accounting import accounting
from curation.models import Cluster, LogEntry
from curation.selectors import training_material
from curation.services.noise import noise_overrule
from curation.services.processing import STAGES, logs_process
from curation.services.review import approve_all
from curation.services.uniting import clusters_unite
from training.models import (
    Adapter,
    AdapterKind,
    AdapterState,
    RunState,
    TrainingRun,
)
from uno_site.errors import UnoError
from uno_site.jobs.context import JobCancelled
from uno_site.jobs.models import Job

from .common_evidence import may_keep_start
from .common_ground import common_train
from .learn_options import WHOLE, LearnOptions
from .material import SPLIT, count_prompts
from .pass_promotion import left_over, promote_within_reach
from .paths import cluster_train
from .readiness import has_new_material
from .reporting import Portion, Reporter
from .runs import run_set_state
from .verification import run_verify

#: How much of a pass the curation steps take.
CURATION_SHARE = 0.25
#: How much training what all topics have in common takes.
COMMON_SHARE = 0.25
#: A cluster that has learned all that was approved is left as it is.
NOTHING_NEW = "nothing new since its last run"


@dataclass(slots=True)
class ClusterOutcome:
    """What a pass did with one cluster, in a form for tables."""

    cluster: str
    n_entries: int
    n_pairs: int
    gap: float | None
    gap_route: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    route: str = "base"
    note: str = ""


@dataclass(slots=True)
class LearnOutcome:
    """Every entry and every cluster accounted for."""

    entries: dict[str, Any]
    clusters: list[ClusterOutcome]
    promoted: list[str]
    table_version: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def learn(
    report: Reporter, by: Any, options: LearnOptions = WHOLE, job: Job | None = None
) -> LearnOutcome:
    """Distil, cluster, score, train, verify and promote once.

    A cluster whose training fails is noted, and the others go on. Clusters without new
    material are left as they are.

    Raises
    ------
    InferenceError
        The engine is not there.
    JobCancelled
        Somebody asked to stop.
    """
    _curate(Portion(report, 0.0, CURATION_SHARE), by, options)
    clusters = list(Cluster.objects.current())
    begun = CURATION_SHARE
    if options.has_common_ground:
        begun += COMMON_SHARE
        _learn_common(clusters, Portion(report, CURATION_SHARE, begun), by, options, job)
    outcomes, accepted = [], []
    for index, cluster in enumerate(clusters):
        share = (1 - begun) / len(clusters)
        start = begun + index * share
        portion = Portion(report, start, start + share, f"{cluster.name}: ")
        outcome, adapter = _learn_cluster(cluster, portion, by, options, job)
        outcomes.append(outcome)
        if adapter is not None:
            accepted.append(adapter)
    for cluster, outcome in zip(clusters, outcomes, strict=True):
        kept = _keep_common(cluster, outcome, report)
        if kept is not None:
            accepted.append(kept)
    return _conclude(report, by, options, outcomes, accepted)


def _curate(report: Reporter, by: Any, options: LearnOptions) -> None:
    for index, stage in enumerate(STAGES):
        report.check_cancelled()
        part = Portion(report, index / len(STAGES), (index + 1) / len(STAGES))
        part.progress(0.0, stage.title)
        totals = logs_process(stage, part.progress)
        report.log(f"{stage.title}: {_in_words(totals)}")
    if options.approve_all:
        approved = approve_all()
        report.log(f"approved {approved['rules']} rules and {approved['pairs']} pairs")
    if not options.is_clustered:
        report.log(f"one cluster of {clusters_unite()} entries")
    if not options.is_noise_filtered:
        for cluster in Cluster.objects.current().filter(is_noise=True):
            noise_overrule(cluster=cluster, by=by)
            report.log(f"{cluster.name} learns although it is flagged as noise")


def _in_words(totals: dict[str, Any]) -> str:
    numbers = {name: n for name, n in totals.items() if isinstance(n, int | float) and n}
    words = [f"{n} {name.removeprefix('n_').replace('_', ' ')}" for name, n in numbers.items()]
    return ", ".join(words) or "nothing new"


def _conclude(
    report: Reporter,
    by: Any,
    options: LearnOptions,
    outcomes: list[ClusterOutcome],
    accepted: Sequence[Adapter],
) -> LearnOutcome:
    promotion = promote_within_reach(report, by, options, accepted) if options.promote else None
    served = set(promotion.adapters.all()) if promotion else set()
    if promotion is not None:
        report.log(f"published {promotion.table}")
    return LearnOutcome(
        entries=_account(),
        clusters=outcomes,
        promoted=[adapter.name for adapter in accepted if adapter in served],
        table_version=promotion.table.version if promotion else None,
    )


def _account() -> dict[str, Any]:
    """Where every entry stands; ``outcomes`` add up to ``n_entries``."""
    account = accounting(LogEntry.objects.all())
    return {
        "n_entries": account.n_entries,
        "outcomes": {outcome.label: outcome.n for outcome in account.outcomes},
        "rules": account.rules,
        "pairs": account.pairs,
        "flags": account.flags,
    }


def _learn_common(
    clusters: Sequence[Cluster], report: Reporter, by: Any, options: LearnOptions, job: Job | None
) -> None:
    """Make what experts begin with, if any is to be trained; without it they begin from nothing."""
    if all(_why_not(cluster, training_material(cluster)) for cluster in clusters):
        return
    try:
        common_train(clusters, report, by, seed=options.seed, job=job, is_shared=options.is_shared)
    except JobCancelled:
        raise
    except UnoError as error:
        report.log(f"no common ground: {error}")


def _learn_cluster(
    cluster: Cluster, report: Reporter, by: Any, options: LearnOptions, job: Job | None
) -> tuple[ClusterOutcome, Adapter | None]:
    pairs = training_material(cluster)
    outcome = ClusterOutcome(
        cluster=cluster.name,
        n_entries=cluster.entries.count(),
        n_pairs=len(pairs),
        gap=cluster.gap,
        gap_route=cluster.gap_route,
    )
    outcome.note = _why_not(cluster, pairs)
    if outcome.note:
        return outcome, _unchanged(cluster, outcome)
    try:
        runs = cluster_train(cluster, report, by, job=job, seed=options.seed, choice=options.choice)
    except JobCancelled:
        raise
    except UnoError as error:
        outcome.note = str(error)
        report.log(f"not trained: {error}")
        return outcome, None
    outcome.runs = [_summary(run) for run in runs]
    return outcome, _accepted(runs, outcome)


def _keep_common(cluster: Cluster, outcome: ClusterOutcome, report: Reporter) -> Adapter | None:
    """What a refused expert began with, if the topics that came after it speak for it as well."""
    if outcome.route != "base" or cluster.is_noise or cluster.is_excluded:
        return None
    experts = TrainingRun.objects.filter(cluster=cluster, kind=AdapterKind.EXPERT)
    run = experts.order_by("-created_at").first()
    if run is None or not may_keep_start(run):
        return None
    report.log(f"{cluster.name}: the other topics' prompts speak for what it began with")
    try:
        run_verify(run, Portion(report, 1.0, 1.0, f"{cluster.name}: "))
    except (JobCancelled, UnoError) as error:
        run_set_state(run, RunState.REFUSED)  # as it was: the next pass looks again
        if isinstance(error, JobCancelled):
            raise
        report.log(f"{cluster.name}: {error}")
        return None
    others = [row for row in outcome.runs if row["id"] != str(run.pk)]
    outcome.note, outcome.runs = "", [*others, _summary(run)]
    return _accepted([run], outcome)


def _why_not(cluster: Cluster, pairs: Sequence[Any]) -> str:
    """Why a cluster is not trained in this pass; empty when it is."""
    if cluster.is_noise:
        return "noise: " + "; ".join(str(reason) for reason in cluster.noise_reasons)
    if cluster.is_excluded:
        return "excluded by a curator"
    n_prompts = count_prompts(pairs)
    if n_prompts < SPLIT.min_prompts:
        return f"{n_prompts} of {SPLIT.min_prompts} approved prompts: too few to train"
    if not has_new_material(cluster, pairs):
        return NOTHING_NEW
    return ""


def _unchanged(cluster: Cluster, outcome: ClusterOutcome) -> Adapter | None:
    """What answers for a cluster that is not trained: what is served, or what a pass that broke
    off had accepted for it, which is returned."""
    served = Adapter.objects.filter(cluster=cluster, state=AdapterState.SERVED).first()
    waiting = left_over(cluster) if outcome.note == NOTHING_NEW else None
    if answers := waiting or served:
        outcome.route = answers.kind
    return waiting


def _summary(run: TrainingRun) -> dict[str, Any]:
    verification = getattr(run, "verification", None)
    return {
        "id": str(run.pk),
        "kind": run.kind,
        "state": run.state,
        "win_rate": verification.win_rate if verification else None,
        "reason": verification.reason if verification else run.error,
    }


def _accepted(runs: Sequence[TrainingRun], outcome: ClusterOutcome) -> Adapter | None:
    for run in runs:
        if run.state == RunState.ACCEPTED:
            outcome.route = run.kind
            return run.adapters.filter(state=AdapterState.ACCEPTED).first()
    outcome.note = "no path was accepted: the base model answers"
    return None
