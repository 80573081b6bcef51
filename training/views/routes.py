"""What is served: the active table, how it came about, and the way back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chat.models import RouteTable
from chat.services.routes import route_table_active
from chat.services.shared import shared_route_active
from training import selectors
from training.services.canary_report import canary_reports
from training.services.promotion import rollback
from uno_site.accounts.permissions import admin_required, curator_required


@curator_required
def routes(request: HttpRequest) -> HttpResponse:
    """The active table and the history of publications."""
    table = route_table_active()
    context = {
        "table": table,
        "routes": selectors.table_routes(table),
        "canaries": canary_reports(table),
        "promotions": selectors.promotion_history(),
        "shared_route": shared_route_active(),
    }
    return render(request, "training/routes.html", context)


@curator_required
def table_detail(request: HttpRequest, table_id: UUID) -> HttpResponse:
    """One published table, as it was."""
    table = get_object_or_404(RouteTable.objects.select_related("promotion"), pk=table_id)
    context = {"table": table, "routes": selectors.table_routes(table)}
    return render(request, "training/table_detail.html", context)


@admin_required
@require_POST
def routes_rollback(request: HttpRequest) -> HttpResponse:
    """Go back to the table before the active one, or to the one named ``to``."""
    to, seen = _table_or_404(request, "to"), _table_or_404(request, "seen")
    promotion = rollback(request.user, to=to, seen=seen)
    messages.success(
        request,
        _("%(reason)s. It is published as %(table)s.")
        % {"reason": promotion.reason, "table": promotion.table},
    )
    return redirect("training:routes")


def _table_or_404(request: HttpRequest, field: str) -> RouteTable | None:
    """The table that a field of the form names; None where it names none."""
    if not (given := request.POST.get(field)):
        return None
    try:
        key = UUID(given)
    except ValueError as error:
        raise Http404 from error
    return get_object_or_404(RouteTable, pk=key)
