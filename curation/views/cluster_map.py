"""The cluster map: the page, its points, and one point's entry."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from curation.cluster_map import cluster_exemplars, map_data, map_entry, map_latest
from curation.models import ClusterMap
from curation.selectors import cluster_list
from uno_site.accounts.permissions import curator_required

Legend = tuple[str, Promise, tuple[tuple[str, Promise], ...]]
LEGENDS: tuple[Legend, ...] = (
    (
        "route",
        _("Route"),
        (("expert", _("Expert")), ("critic", _("Critic")), ("none", _("not measured"))),
    ),
    (
        "gap",
        _("Gap"),
        (
            ("ramp-1", _("below 0.2")),
            ("ramp-2", _("to 0.4")),
            ("ramp-3", _("to 0.6")),
            ("ramp-4", _("to 0.8")),
            ("ramp-5", _("above")),
            ("none", _("not measured")),
        ),
    ),
    (
        "noise",
        _("Noise"),
        (
            ("used", _("In use")),
            ("flagged", _("Flagged entry")),
            ("noise", _("Cluster is noise")),
            ("excluded", _("Excluded")),
        ),
    ),
    (
        "age",
        _("Age"),
        (
            ("ramp-5", _("a week")),
            ("ramp-4", _("a month")),
            ("ramp-3", _("3 months")),
            ("ramp-2", _("a year")),
            ("ramp-1", _("older")),
        ),
    ),
)
"""Each colouring: its key in the URL, its name, and its colours as the script numbers them."""


@curator_required
@require_GET
def map_page(request: HttpRequest) -> HttpResponse:
    """The map with the list of clusters beside it; the colouring stands in the URL."""
    clusters = cluster_list()
    exemplars = cluster_exemplars(request.user, clusters)
    chosen = request.GET.get("colour", "")
    context = {
        "map": map_latest(request.user),
        "items": [(cluster, exemplars.get(cluster.pk, [])) for cluster in clusters],
        "legends": LEGENDS,
        "colour": chosen if chosen in {key for key, *_rest in LEGENDS} else LEGENDS[0][0],
    }
    return render(request, "curation/cluster_map.html", context)


@curator_required
@require_GET
def map_points(request: HttpRequest) -> JsonResponse:
    """Every point that the person may see: see :func:`curation.cluster_map.map_data`."""
    drawn = map_latest(request.user)
    if drawn is None:
        raise Http404
    return JsonResponse(map_data(request.user, drawn))


@curator_required
@require_GET
def map_point(request: HttpRequest, map_id: UUID, index: int) -> HttpResponse:
    """One point's query and feedback: a fragment."""
    drawn = get_object_or_404(ClusterMap.objects.visible_to(request.user), pk=map_id)
    entry = map_entry(request.user, drawn, index)
    if entry is None:
        raise Http404
    return render(request, "curation/cluster_map_entry.html", {"entry": entry})
