"""What replies cost to edit, the arms that learned from edits, and learning from them now."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat.models import ServedArm
from chat.services.arms import arm_table_active, arms_retire
from curation.edit_selectors import edit_pairs
from training import edit_figures
from training.services.edits.material import EDITS, usable_edits
from uno_site.accounts.permissions import admin_required, curator_required
from uno_site.errors import Conflict
from uno_site.jobs.services import active_jobs, job_enqueue
from uno_site.runtime.services import runtime_setting


@curator_required
@require_GET
def edits(request: HttpRequest) -> HttpResponse:
    """Costs by week and by arm, the holdout beside them."""
    outcomes = edit_figures.recent_outcomes()
    n_usable, n_needed = len(usable_edits()), runtime_setting("edits_to_train")
    context = {
        "chart": edit_figures.weekly_chart(outcomes),
        "weeks": edit_figures.weekly_costs(outcomes),
        "all": edit_figures.costs_of(outcomes),
        "table": arm_table_active(),
        "arms": edit_figures.arm_costs(),
        "holdout": edit_figures.holdout(outcomes),
        "holdout_percent": runtime_setting("base_holdout_percent"),
        "n_edits": edit_pairs().count(),
        "n_usable": n_usable,
        "most_of_one": EDITS.max_per_person,
        "n_needed": n_needed,
        "can_learn": n_usable >= n_needed,
        "jobs": active_jobs("edits."),
    }
    return render(request, "training/edits.html", context)


@admin_required
@require_POST
def edits_learn_start(request: HttpRequest) -> HttpResponse:
    """Queue learning from everybody's edits, by the kinds that the settings want."""
    job = job_enqueue(kind="edits.learn", by=request.user)
    messages.success(request, _("Learning from edits is queued."))
    return redirect("jobs:detail", job.pk)


@admin_required
@require_POST
def arm_retire(request: HttpRequest, arm_id: UUID) -> HttpResponse:
    """Let an arm answer no more; its conversations get another one."""
    arm = get_object_or_404(ServedArm, pk=arm_id, table__is_active=True)
    if not arms_retire([arm], "An admin retired it.", request.user):
        raise Conflict(
            _("“%(arm)s” cannot be retired.") % {"arm": arm.label},
            remedy=_("The base model stays; an arm is retired once."),
        )
    messages.success(request, _("“%(arm)s” answers no more.") % {"arm": arm.label})
    return redirect("training:edits")
