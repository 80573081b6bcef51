"""Merging and splitting clusters, and what the lasso chose: first a look, then the change."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from curation.cluster_map import map_entries, map_latest
from curation.models import Cluster, LogEntry
from curation.regroup_preview import regroup_preview
from curation.services.regrouping import (
    Plan,
    cluster_release,
    plan_merge,
    plan_split,
    plan_split_off,
    regroup,
)
from curation.services.review import entries_exclude
from uno_site.accounts.permissions import curator_required
from uno_site.errors import Conflict, InvalidInput

N_SHOWN = 20
"""Of the entries that are to be excluded, so many are shown."""


class RegroupForm(forms.Form):
    """Which change of which clusters, or of which points of which map."""

    kind = forms.ChoiceField(choices=[(k, k) for k in ("merge", "split", "split_off", "exclude")])
    cluster = forms.TypedMultipleChoiceField(coerce=UUID, required=False)
    map = forms.UUIDField(required=False)
    points = forms.RegexField(r"^\d{1,7}(,\d{1,7})*$", required=False)
    stamp = forms.CharField(required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        known = Cluster.objects.current().values_list("pk", flat=True)
        self.fields["cluster"].choices = [(key, key) for key in known]


@curator_required
@require_GET
def regroup_page(request: HttpRequest) -> HttpResponse:
    """What merging or splitting the chosen clusters would come to."""
    return _look(request, request.GET)


@curator_required
@require_POST
def regroup_points(request: HttpRequest) -> HttpResponse:
    """What the change would come to for the entries that the lasso chose."""
    return _look(request, request.POST)


def _look(request: HttpRequest, data: QueryDict) -> HttpResponse:
    form = _read(data)
    context = {"form": form.cleaned_data, "kind": form.cleaned_data["kind"]}
    if form.cleaned_data["kind"] == "exclude":
        entries = _entries(request, form)
        context |= {"n_entries": len(entries), "entries": entries[:N_SHOWN]}
    else:
        plan = _plan(request, form)
        context |= {"plan": plan, "preview": regroup_preview(plan)}
    return render(request, "curation/cluster_regroup.html", context)


@curator_required
@require_POST
def regroup_apply(request: HttpRequest) -> HttpResponse:
    """Do what was looked at."""
    form = _read(request.POST)
    if form.cleaned_data["kind"] == "exclude":
        n_excluded = entries_exclude(entries=_entries(request, form), by=request.user)
        messages.success(request, _("%(n)d excluded from training.") % {"n": n_excluded})
        return redirect("curation:map")
    plan = _plan(request, form)
    clusters = regroup(plan=plan, stamp=form.cleaned_data["stamp"], by=request.user)
    messages.success(request, _("Done. These clusters stay as they are until you release them."))
    return redirect("curation:cluster", clusters[-1].pk)


@curator_required
@require_POST
def release(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Leave a cluster that was made by hand to clustering again."""
    cluster = get_object_or_404(Cluster.objects.current(), pk=cluster_id)
    cluster_release(cluster=cluster, by=request.user)
    messages.success(request, _("The next clustering may part or join its entries."))
    return redirect("curation:cluster", cluster.pk)


def _read(data: QueryDict) -> RegroupForm:
    form = RegroupForm(data)
    if not form.is_valid():
        raise InvalidInput(
            _("These clusters or points are not there, or the change is none that can be made."),
            remedy=_("Go back to the map (%(url)s) and choose again.")
            % {"url": reverse("curation:map")},
        )
    return form


def _plan(request: HttpRequest, form: RegroupForm) -> Plan:
    kind = form.cleaned_data["kind"]
    if kind == "split_off":
        return plan_split_off(_entries(request, form))
    clusters = Cluster.objects.visible_to(request.user).current()
    chosen = list(clusters.filter(pk__in=form.cleaned_data["cluster"]).order_by("name", "pk"))
    if kind == "merge":
        return plan_merge(chosen)
    if len(chosen) != 1:
        raise InvalidInput(_("Splitting takes one cluster."), remedy=_("Choose exactly one."))
    return plan_split(chosen[0])


def _entries(request: HttpRequest, form: RegroupForm) -> Sequence[LogEntry]:
    drawn = map_latest(request.user)
    if drawn is None or drawn.pk != form.cleaned_data["map"]:
        raise Conflict(_("The map was drawn anew."), remedy=_("Load it again and choose again."))
    points = [int(point) for point in form.cleaned_data["points"].split(",") if point]
    entries = map_entries(request.user, drawn, points)
    if not entries:
        raise InvalidInput(
            _("No entries are chosen."), remedy=_("Draw around some with the lasso.")
        )
    return entries
