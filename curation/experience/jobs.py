"""The kinds of job that keep the experience store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from curation.experience.distilling import episodes_distil, has_idle_work
from curation.experience.erasing import has_to_forget, withdrawals_follow
from curation.experience.idle import is_engine_busy
from curation.experience.redistilling import notes_redistil
from curation.experience.refining import is_refine_due, refine_run_by_itself
from curation.experience.rules import has_rules_to_follow, rules_sync
from curation.experience.waiting import waiting_notes
from uno_site.jobs.context import JobContext
from uno_site.jobs.registry import job_kind

HOUR = 60


def _share(ctx: JobContext, done: int, total: int, what: str) -> None:
    ctx.check_cancelled()
    ctx.progress(done / max(total, 1), f"{what} {done} of {total}")


@job_kind(
    "experience.distil",
    title=_("Learn notes from chats"),
    every_minutes=1,
    has_work=has_idle_work,
)
def distil(ctx: JobContext) -> dict[str, Any]:
    """Learn from waiting episodes while nobody needs the engine."""
    report = episodes_distil(on_progress=lambda done, all_: _share(ctx, done, all_, "Episode"))
    refusals = ", ".join(f"{name} {n}" for name, n in report.refusals.most_common())
    ctx.log(f"{report.n_notes} new notes, {report.n_known} known. Refused: {refusals or 'none'}.")
    if report.is_interrupted:
        ctx.log("Stopped: somebody is waiting for the engine.")
    return {**asdict(report), "refusals": dict(report.refusals)}


@job_kind(
    "experience.refine",
    title=_("Refine the notes"),
    every_minutes=HOUR,
    has_work=is_refine_due,
)
def refine(ctx: JobContext) -> dict[str, Any]:
    """Plan what to merge, contradict, set aside and archive; a curator reads it."""
    run = refine_run_by_itself(lambda done, all_: _share(ctx, done, all_, "Group"))
    ctx.log(f"{len(run.plan)} changes planned; {run.get_state_display()}.")
    return {"run": str(run.pk), "state": run.state, **run.figures}


@job_kind(
    "experience.forget",
    title=_("Take back notes of people who withdrew"),
    every_minutes=1,
    has_work=has_to_forget,
)
def forget(ctx: JobContext) -> dict[str, Any]:
    """Delete what rests on people without consent, or on chats that are gone."""
    report = withdrawals_follow()
    ctx.log(f"{report['n_rows']} rows of {report['n_people']} people.")
    return report


@job_kind(
    "experience.redistil",
    title=_("Distil notes anew whose source is gone"),
    every_minutes=1,
    has_work=lambda: bool(waiting_notes()) and not is_engine_busy(),
)
def redistil(ctx: JobContext) -> dict[str, Any]:
    """Distil notes anew from those who still say so, or delete them."""
    report = notes_redistil()
    ctx.log(f"{report['n_redistilled']} distilled anew, {report['n_deleted']} deleted.")
    return report


@job_kind(
    "experience.rules",
    title=_("Let approved rules serve as notes"),
    every_minutes=5,
    has_work=has_rules_to_follow,
)
def rules(ctx: JobContext) -> dict[str, Any]:
    """Follow what is approved, and which clusters have an adapter."""
    report = rules_sync()
    ctx.log(f"{report.n_added} added, {report.n_retired} retired, {report.n_back} back.")
    return asdict(report)
