"""The kinds of job of the training room; those that train wait for one another."""

from __future__ import annotations

from typing import Any

from curation.models import Cluster
from training.services.learning import LearnOptions, learn
from training.services.paths import cluster_train
from training.services.runs import abandoned_runs, runs_settle
from training.services.withdrawal import consent_sync, withdrawn_examples
from uno_site.errors import InvalidInput
from uno_site.jobs.context import JobContext
from uno_site.jobs.registry import job_kind

QUEUE = "train"


def start_cluster_job(cluster: Cluster, by: Any, **params: Any) -> Any:
    """Queue the training of one cluster."""
    from uno_site.jobs.services import job_enqueue

    return job_enqueue(kind="training.run", params={"cluster": str(cluster.pk), **params}, by=by)


@job_kind(
    "training.run",
    title="Train and verify a cluster",
    queue=QUEUE,
    min_role="admin",
    needs_params=True,
)
def run_cluster(ctx: JobContext) -> dict[str, Any]:
    """Train and verify one cluster's adapters; promotion is left to an admin.

    ``params``: ``cluster`` (id); optionally ``kind``, ``seed`` and ``config`` (keys of the
    trainer's config that differ from the profile).
    """
    cluster = Cluster.objects.filter(pk=ctx.params.get("cluster")).first()
    if cluster is None:
        raise InvalidInput(
            f"There is no cluster {ctx.params.get('cluster')!r}.",
            remedy="It may have been deleted.",
        )
    kind = ctx.params.get("kind")
    runs = cluster_train(
        cluster,
        ctx,
        ctx.job.created_by,
        kinds=(kind,) if kind else (),
        job=ctx.job,
        seed=int(ctx.params.get("seed", 0)),
        config=ctx.params.get("config"),
    )
    return {"runs": {str(run.pk): run.state for run in runs}}


@job_kind("training.learn", title="Learn from everything new", queue=QUEUE, min_role="admin")
def run_learn(ctx: JobContext) -> dict[str, Any]:
    """The whole loop once: distil, cluster, score, train, verify, promote."""
    options = LearnOptions(
        approve_all=bool(ctx.params.get("approve_all", False)),
        promote=bool(ctx.params.get("promote", True)),
        seed=int(ctx.params.get("seed", 0)),
    )
    return learn(ctx, ctx.job.created_by, options, job=ctx.job).as_json()


@job_kind(
    "training.sync_consent",
    title="Follow withdrawn consent",
    min_role="admin",
    every_minutes=1,
    has_work=lambda: withdrawn_examples().exists(),
)
def run_sync_consent(ctx: JobContext) -> dict[str, Any]:
    """Taint what learned from withdrawn or deleted logs, and take it off."""
    totals = consent_sync()
    ctx.log(", ".join(f"{name[2:].replace('_', ' ')}: {n}" for name, n in totals.items()))
    return dict(totals)


@job_kind(
    "training.settle",
    title="Settle abandoned runs",
    min_role="admin",
    every_minutes=1,
    has_work=lambda: abandoned_runs().exists(),
)
def run_settle(ctx: JobContext) -> dict[str, Any]:
    """Mark runs as failed whose job has ended without them."""
    return {"n_settled": runs_settle()}
