"""Background work below all rooms: replies whose writer died, arms, and statistics."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from chat.services.arms import arms_clearly_worse, arms_retire
from chat.services.generations import dead_generations, generations_rescue
from uno_site.database import needs_statistics, statistics_refresh
from uno_site.jobs.context import JobContext
from uno_site.jobs.registry import job_kind


@job_kind(
    "chat.rescue",
    title=_("End replies that a restart cut off"),
    every_minutes=1,
    has_work=lambda: dead_generations().exists(),
)
def rescue(ctx: JobContext) -> dict[str, Any]:
    """Mark them as interrupted; what had arrived stays."""
    n_rescued = generations_rescue()
    ctx.progress(1.0, f"{n_rescued} replies")
    return {"n_rescued": n_rescued}


@job_kind(
    "chat.statistics",
    title=_("Look after the database"),
    min_role="admin",
    every_minutes=24 * 60,
    has_work=needs_statistics,
)
def look_after_database(ctx: JobContext) -> dict[str, Any]:
    """Count anew how the tables are filled, so that lists stay fast as they grow."""
    statistics_refresh()
    ctx.progress(1.0, "statistics refreshed")
    return {}


@job_kind(
    "chat.retire_arms",
    title=_("Retire arms that cost more than the base"),
    every_minutes=10,
    has_work=lambda: bool(arms_clearly_worse()),
)
def retire_arms(ctx: JobContext) -> dict[str, Any]:
    """Let arms answer no more whose replies people edit clearly more than the base's."""
    n_retired = arms_retire(arms_clearly_worse(), "Its replies cost clearly more than the base's.")
    ctx.progress(1.0, f"{n_retired} arms")
    return {"n_retired": n_retired}
