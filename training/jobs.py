"""The kinds of job of the training room; those that train wait for one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from curation.models import Cluster
from training.ml.config import EDIT_KINDS
from training.models import TrainingRun
from training.services.edits.learning import edits_are_due, edits_check, edits_learn
from training.services.evaluation.records import evaluation_start
from training.services.evaluation.runner import evaluation_run
from training.services.evaluation.workplace import forget
from training.services.learn_options import LearnOptions
from training.services.learning import learn
from training.services.pass_promotion import PASS
from training.services.path_choice import PathChoice
from training.services.paths import cluster_train
from training.services.personal.forgetting import has_to_forget, personal_sync
from training.services.personal.serving import idle_routes, personal_unload_idle
from training.services.personal.updating import people_to_update, personal_update_all
from training.services.runs import FINAL_STATES, abandoned_runs, runs_settle
from training.services.shared.forgetting import broken_runs, shared_sync
from training.services.shared.updating import shared_is_due, shared_update
from training.services.verification import run_verify
from training.services.withdrawal import consent_sync, has_to_follow, rules_forget
from uno_site.errors import InvalidInput
from uno_site.jobs.context import JobContext
from uno_site.jobs.registry import job_kind
from uno_site.runtime.services import runtime_setting

QUEUE = "train"


def start_cluster_job(cluster: Cluster, by: Any, **params: Any) -> Any:
    """Queue the training of one cluster; the same that waits or works already is returned."""
    from uno_site.jobs.services import active_jobs, job_enqueue

    params = {"cluster": str(cluster.pk), **params}
    active = active_jobs("training.run").filter(params=params).first()
    return active or job_enqueue(kind="training.run", params=params, by=by)


@job_kind(
    "training.run",
    title=_("Train and verify a cluster"),
    queue=QUEUE,
    min_role="admin",
    needs_params=True,
)
def run_cluster(ctx: JobContext) -> dict[str, Any]:
    """Train and verify one cluster's adapters; promotion is left to an admin.

    ``params``: ``cluster`` (id); optionally ``kind``, ``seed``, ``config`` (keys of the
    trainer's config that differ from the profile) and ``is_incremental`` (default true: go on
    from the served adapter where there is new material).
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
        choice=PathChoice(has_common_ground=runtime_setting("common_ground")),
        is_incremental=bool(ctx.params.get("is_incremental", True)),
    )
    return {"runs": {str(run.pk): run.state for run in runs}}


@job_kind(
    "training.verify",
    title=_("Verify an adapter"),
    queue=QUEUE,
    min_role="admin",
    needs_params=True,
)
def verify_run(ctx: JobContext) -> dict[str, Any]:
    """Verify a run that is trained, as its kind is; ``params``: ``run`` (id)."""
    run = TrainingRun.objects.filter(pk=ctx.params.get("run")).first()
    if run is None:
        raise InvalidInput("The run is gone.", remedy="Upload or train the adapter again.")
    if run.kind in EDIT_KINDS:
        edits_check(run, ctx, ctx.job.created_by)
    elif run.state not in FINAL_STATES:
        run_verify(run, ctx)
    return {"runs": {str(run.pk): run.state}}


@job_kind(PASS, title=_("Learn from everything new"), queue=QUEUE, min_role="admin")
def run_learn(ctx: JobContext) -> dict[str, Any]:
    """The whole loop once: distil, cluster, score, train, verify, promote.

    ``params``: the fields of :class:`LearnOptions` that differ from their defaults; that of
    ``has_common_ground`` is the setting ``common_ground``.
    """
    options = LearnOptions.from_params(
        {"has_common_ground": runtime_setting("common_ground"), **ctx.params}
    )
    return learn(ctx, ctx.job.created_by, options, job=ctx.job).as_json()


@job_kind(
    "training.evaluate",
    title=_("Compare methods on held-out prompts"),
    queue=QUEUE,
    min_role="admin",
    needs_params=True,
)
def run_evaluate(ctx: JobContext) -> dict[str, Any]:
    """An evaluation, or the rest of one that asked the same.

    ``params``: ``set`` (``NAME`` or ``NAME:PATH``), ``methods`` (names, or "all"), ``seeds``
    (numbers), ``outside`` (how many prompts outside every cluster: "small", "full", or "" for
    none); ``fresh`` forgets what was done before.
    """
    evaluation = evaluation_start(
        set_spec=str(ctx.params.get("set", "simulated")),
        methods=ctx.params.get("methods", ["all"]),
        seeds=ctx.params.get("seeds", [0]),
        outside=str(ctx.params.get("outside", "")),
        job=ctx.job,
    )
    if ctx.params.get("fresh"):
        forget(Path(evaluation.folder))
        evaluation.answers.all().delete()
    evaluation_run(evaluation, ctx)
    return {"evaluation": str(evaluation.pk)}


@job_kind(
    "training.sync_consent",
    title=_("Follow withdrawn consent"),
    min_role="admin",
    every_minutes=1,
    has_work=has_to_follow,
)
def run_sync_consent(ctx: JobContext) -> dict[str, Any]:
    """Taint what learned from withdrawn or deleted logs, and take it off."""
    totals = consent_sync() | {"n_routes": rules_forget()}
    ctx.log(", ".join(f"{name[2:].replace('_', ' ')}: {n}" for name, n in totals.items()))
    return dict(totals)


@job_kind(
    "personal.update",
    title="Update personal adapters",
    queue=QUEUE,
    min_role="admin",
    every_minutes=5,
    has_work=lambda: bool(people_to_update()),
)
def run_personal_update(ctx: JobContext) -> dict[str, Any]:
    """Let the adapters of those learn whose queues hold enough; one that fails holds up nobody.

    The job names people by their adapters' runs alone.
    """
    return personal_update_all(ctx, ctx.job)


@job_kind(
    "personal.sync",
    title="Follow deletions in personal adapters",
    min_role="admin",
    every_minutes=1,
    has_work=lambda: has_to_forget() or bool(idle_routes()),
)
def run_personal_sync(ctx: JobContext) -> dict[str, Any]:
    """Forget what people withdrew or deleted; let go of adapters that nobody uses now."""
    return personal_sync() | {"n_unloaded": personal_unload_idle()}


@job_kind(
    "shared.update",
    title=_("Update the shared adapter"),
    queue=QUEUE,
    min_role="admin",
    every_minutes=5,
    has_work=shared_is_due,
)
def run_shared_update(ctx: JobContext) -> dict[str, Any]:
    """Let the shared adapter learn from what people said about replies, where enough waits."""
    run = shared_update(ctx, ctx.job)
    if run is None:
        ctx.log("Too little waits, or of too few people.")
        return {"runs": {}}
    return {"runs": {str(run.pk): run.state}}


@job_kind(
    "shared.sync",
    title=_("Follow deletions in the shared adapter"),
    min_role="admin",
    every_minutes=1,
    has_work=lambda: broken_runs().exists(),
)
def run_shared_sync(ctx: JobContext) -> dict[str, Any]:
    """Flag and take off what learned from what people withdrew or deleted."""
    return dict(shared_sync())


@job_kind(
    "edits.learn",
    title=_("Learn from everybody’s edits"),
    queue=QUEUE,
    min_role="admin",
    every_minutes=60,
    has_work=edits_are_due,
)
def run_edits_learn(ctx: JobContext) -> dict[str, Any]:
    """Train and check an adapter of each kind; those that pass become arms.

    ``params``: ``kinds`` (of "sft", "ensemble", "dpo", "cost"), by default those of the settings.
    """
    return edits_learn(ctx, ctx.job.created_by, ctx.job, ctx.params.get("kinds", ()))


@job_kind(
    "training.settle",
    title=_("Settle abandoned runs"),
    min_role="admin",
    every_minutes=1,
    has_work=lambda: abandoned_runs().exists(),
)
def run_settle(ctx: JobContext) -> dict[str, Any]:
    """Mark runs as failed whose job has ended without them."""
    return {"n_settled": runs_settle()}
