"""The dashboard: every cluster, what answers it, and what it lacks."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chat.services.routes import route_table_active
from curation.models import Cluster
from training import selectors
from training.jobs import start_cluster_job
from training.services.material import SPLIT
from training.services.runs import check_trainable
from uno_site.accounts.permissions import admin_required, curator_required
from uno_site.jobs.services import active_jobs, job_enqueue


@curator_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """Clusters with route, gap, readiness and runs."""
    context = {
        "cards": selectors.cluster_cards(),
        "table": route_table_active(),
        "split": SPLIT,
        "jobs": active_jobs("training."),
    }
    return render(request, "training/dashboard.html", context)


@admin_required
@require_POST
def cluster_retrain(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Queue the training of one cluster."""
    cluster = get_object_or_404(Cluster.objects.visible_to(request.user), pk=cluster_id)
    check_trainable(cluster)
    kind = request.POST.get("kind", "")
    params = {"kind": kind} if kind in ("expert", "critic") else {}
    job = start_cluster_job(cluster, request.user, **params)
    messages.success(request, _("Training of %(name)s is queued.") % {"name": cluster.name})
    return redirect("jobs:detail", job.pk)


@admin_required
@require_POST
def learn_start(request: HttpRequest) -> HttpResponse:
    """Queue one pass of the whole loop."""
    job = job_enqueue(kind="training.learn", by=request.user)
    return redirect("jobs:detail", job.pk)
