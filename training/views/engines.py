"""The engines that serve the routes: which replica is there, and what it has loaded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from uno_site.accounts.permissions import curator_required
from uno_site.engine_clients import served_client


@curator_required
@require_GET
def engine_list(request: HttpRequest) -> HttpResponse:
    """Every replica, asked now; the page asks again by itself."""
    template = "training/engine_table.html" if request.htmx else "training/engine_list.html"
    return render(request, template, {"engines": served_client().replicas()})
