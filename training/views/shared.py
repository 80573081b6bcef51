"""The shared adapter: what waits for it, its versions, and what admins do with them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from training.models import Adapter
from training.services.shared.serving import shared_serve, shared_take_off
from training.services.shared.updating import POLICY
from training.shared_selectors import shared_queue, shared_run_active, shared_versions
from uno_site.accounts.permissions import admin_required, curator_required
from uno_site.jobs.services import job_enqueue
from uno_site.runtime.services import runtime_setting


@curator_required
@require_GET
def shared(request: HttpRequest) -> HttpResponse:
    """The shared adapter."""
    context = {
        "queue": shared_queue(),
        "policy": POLICY,
        "versions": shared_versions(request.user),
        "active_run": shared_run_active(request.user),
        "is_on": runtime_setting("shared_adapter"),
    }
    return render(request, "training/shared.html", context)


@admin_required
@require_POST
def shared_learn(request: HttpRequest) -> HttpResponse:
    """Queue an update."""
    job = job_enqueue(kind="shared.update", by=request.user)
    return redirect("jobs:detail", job.pk)


@admin_required
@require_POST
def shared_use(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """Answer with another version."""
    adapter = get_object_or_404(Adapter.objects.shared(), pk=adapter_id)
    shared_serve(adapter, request.user)
    messages.success(request, _("Version %(n)s answers now.") % {"n": adapter.version})
    return redirect("training:shared")


@admin_required
@require_POST
def shared_off(request: HttpRequest) -> HttpResponse:
    """Answer with the base model again."""
    if shared_take_off(request.user):
        messages.success(request, _("The shared adapter was taken off."))
    return redirect("training:shared")
