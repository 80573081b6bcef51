"""The dashboard: every cluster, what answers it, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat.services.routes import route_table_active
from curation.models import Cluster, CurationPolicy, RoleName
from curation.roles.bindings import binding_get
from training import figures, selectors
from training.jobs import start_cluster_job
from training.services.material import SPLIT
from training.services.paths import known_paths
from training.services.runs import check_trainable
from uno_site.accounts.permissions import admin_required, curator_required
from uno_site.errors import InvalidInput
from uno_site.jobs.services import active_jobs, job_enqueue


@curator_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """Clusters with route, gap, readiness and runs."""
    cards = selectors.cluster_cards()
    context = {
        "cards": cards,
        "next_pass": selectors.next_pass(cards),
        "table": route_table_active(),
        "split": SPLIT,
        "jobs": active_jobs("training."),
        "is_first_run": binding_get(RoleName.CRITIC).checked_at is None,
    }
    return render(request, "training/dashboard.html", context)


@curator_required
@require_GET
def figures_page(request: HttpRequest) -> HttpResponse:
    """How the whole does: by week, by route, and how fast."""
    context = {
        "thumbs": figures.thumbs_by_week(),
        "edits": figures.edit_costs_by_week(),
        "adherence": figures.adherence_by_week(),
        "served": figures.routes_served(),
        "latency": figures.latency(),
        "verifications": figures.served_verifications(route_table_active()),
    }
    return render(request, "training/figures.html", context)


@curator_required
@require_GET
def cluster_path(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Which path the cluster tries first and why; a fragment for its page, or a page."""
    cluster = get_object_or_404(Cluster.objects.visible_to(request.user), pk=cluster_id)
    context = {"cluster": cluster, "order": known_paths([cluster])[cluster.pk]}
    context["policy"] = CurationPolicy.current()
    name = "cluster_path" if request.htmx else "cluster_path_page"
    return render(request, f"training/{name}.html", context)


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
def retrain_some(request: HttpRequest) -> HttpResponse:
    """Queue the training of the chosen clusters, one after the other."""
    clusters = Cluster.objects.current().visible_to(request.user)
    chosen = list(clusters.filter(pk__in=_ids(request.POST.getlist("cluster"))))
    if not chosen:
        raise InvalidInput(
            _("No cluster was chosen."), remedy=_("Tick the clusters to train, then press again.")
        )
    for cluster in chosen:
        check_trainable(cluster)
    for cluster in chosen:
        start_cluster_job(cluster, request.user)
    names = ", ".join(cluster.name for cluster in chosen)
    messages.success(request, _("Training of %(name)s is queued.") % {"name": names})
    return redirect("jobs:list")


def _ids(given: Iterable[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in given]
    except ValueError as error:
        raise Http404 from error


@admin_required
@require_POST
def learn_start(request: HttpRequest) -> HttpResponse:
    """Queue one pass of the whole loop."""
    job = job_enqueue(kind="training.learn", by=request.user)
    return redirect("jobs:detail", job.pk)
