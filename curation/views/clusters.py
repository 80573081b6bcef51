"""Clusters: the list, one cluster, excluding, overruling the noise flag, renaming."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from curation.forms import ClusterNameForm, WhatIfForm
from curation.models import Cluster, CurationPolicy, LogEntry
from curation.selectors import (
    cluster_figures,
    cluster_history,
    cluster_list,
    cluster_members,
    training_material,
    with_approved_pairs,
)
from curation.services.noise import cluster_rename, noise_overrule
from curation.services.review import entries_exclude, subject_exclude
from curation.views.asking import asked
from curation.what_if import what_if
from uno_site.accounts.permissions import curator_required

PAGE_SIZE = 12
N_EXEMPLARS = 3


@curator_required
@require_GET
def cluster_list_page(request: HttpRequest) -> HttpResponse:
    """Current clusters, the largest first."""
    clusters, policy = cluster_list(), CurationPolicy.current()
    page = Paginator(clusters, PAGE_SIZE).get_page(request.GET.get("page"))
    with_approved_pairs(page.object_list)
    context = {"page": page, "policy": policy, **_what_if(request, policy, clusters)}
    return render(request, "curation/cluster_list.html", context)


@curator_required
@require_GET
def what_if_routes(request: HttpRequest) -> HttpResponse:
    """How routes would change under another gap threshold: a fragment of the list."""
    context = _what_if(request, CurationPolicy.current(), cluster_list())
    return render(request, "curation/what_if_routes.html", context)


def _what_if(
    request: HttpRequest, policy: CurationPolicy, clusters: list[Cluster]
) -> dict[str, Any]:
    """The form, filled with the saved threshold until another is asked for, and its answer."""
    form = WhatIfForm({"threshold": request.GET.get("threshold", policy.gap_threshold)})
    answer = None
    if form.is_valid():
        threshold = form.cleaned_data["threshold"]
        answer = what_if(threshold, clusters=clusters, saved=policy.gap_threshold)
    return {"what_if_form": form, "what_if": answer}


@curator_required
@require_GET
def cluster_detail(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """One cluster: members, gap, route, and why it is noise where it is."""
    cluster = get_object_or_404(Cluster.objects.visible_to(request.user), pk=cluster_id)
    members = cluster_members(cluster)
    context = {
        "cluster": cluster,
        "figures": cluster_figures(cluster),
        "history": cluster_history(request.user, cluster),
        "n_material": len(training_material(cluster)),
        "exemplars": members.filter(is_excluded=False)[:N_EXEMPLARS],
        "page": Paginator(members, PAGE_SIZE).get_page(request.GET.get("page")),
        "policy": CurationPolicy.current(),
        "form": ClusterNameForm(initial={"name": cluster.name}),
    }
    return render(request, "curation/cluster_detail.html", context)


@curator_required
@require_POST
def cluster_exclude(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Keep a whole cluster out of training, or let it in again."""
    cluster = get_object_or_404(Cluster.objects.current(), pk=cluster_id)
    subject_exclude(subject=cluster, is_excluded=asked(request, "exclude"), by=request.user)
    done = _("Excluded from training.") if cluster.is_excluded else _("Included again.")
    messages.success(request, done)
    return redirect("curation:cluster", cluster.pk)


@curator_required
@require_POST
def cluster_noise(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Overrule the noise flag, or leave it to the checks again."""
    cluster = get_object_or_404(Cluster.objects.current(), pk=cluster_id)
    cluster = noise_overrule(
        cluster=cluster, by=request.user, is_overruled=asked(request, "overrule")
    )
    done = _("This cluster counts as noise.") if cluster.is_noise else _("Not treated as noise.")
    messages.success(request, done)
    return redirect("curation:cluster", cluster.pk)


@curator_required
@require_POST
def cluster_rename_page(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Give the cluster another name."""
    cluster = get_object_or_404(Cluster.objects.current(), pk=cluster_id)
    form = ClusterNameForm(request.POST)
    if form.is_valid():
        cluster_rename(cluster=cluster, name=form.cleaned_data["name"], by=request.user)
        messages.success(request, _("Renamed."))
    else:
        messages.error(request, _("A name has 1 to 120 characters."))
    return redirect("curation:cluster", cluster.pk)


@curator_required
@require_POST
def members_exclude(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Exclude the ticked members from training."""
    cluster = get_object_or_404(Cluster.objects.current(), pk=cluster_id)
    wanted = set(request.POST.getlist("item"))
    members = LogEntry.objects.visible_to(request.user).filter(cluster=cluster, is_excluded=False)
    chosen = [entry for entry in members if str(entry.pk) in wanted]
    n_excluded = entries_exclude(entries=chosen, by=request.user)
    messages.success(request, _("%(n)d excluded from training.") % {"n": n_excluded})
    return redirect("curation:cluster", cluster.pk)
