"""The audit trail, for admins."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from uno_site.accounts.permissions import admin_required

from .models import AuditEvent

PAGE_SIZE = 50


@admin_required
@require_GET
def audit_list(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first; ``?action=`` filters by the beginning of the action's name."""
    action = request.GET.get("action", "").strip()
    events = AuditEvent.objects.select_related("actor")
    if action:
        events = events.filter(action__startswith=action)
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "audit/auditevent_list.html", {"page": page, "action": action})
