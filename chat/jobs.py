"""The chat's background work: ending the replies whose writer died."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from chat.services.generations import dead_generations, generations_rescue
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
