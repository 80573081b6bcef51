"""Runs: the list, one run with its live loss, and its verification."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from training import selectors
from training.models import RunState, TrainingRun, Verification
from training.services.execution import trainer_words
from training.services.runs import ACTIVE_STATES, run_cancel, run_folder
from uno_site.accounts.permissions import admin_required, curator_required

PAGE_SIZE = 25


@curator_required
def run_list(request: HttpRequest) -> HttpResponse:
    """Runs, newest first, by state."""
    state = request.GET.get("state", "")
    runs = selectors.run_list(request.user, state=state, cluster=_cluster(request))
    page = Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "states": RunState.choices}
    return render(request, "training/run_list.html", context)


def _cluster(request: HttpRequest) -> str:
    try:
        return str(UUID(request.GET.get("cluster", "")))
    except ValueError:
        return ""


@curator_required
def run_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run: live loss, config, examples, log, error."""
    run = _run_or_404(request, run_id)
    folder = run_folder(run)
    context = {
        "run": run,
        "is_active": run.state in ACTIVE_STATES,
        "rows": folder.read_rows("metrics.jsonl"),
        "result": folder.read_json("result.json"),
        "words": trainer_words(folder),
        "verification": Verification.objects.filter(run=run).first(),
        "adapters": run.adapters.all(),
        "examples": run.examples.select_related("entry")[:200],
    }
    return render(request, "training/run_detail.html", context)


@curator_required
def verification_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The verdict on a run, with everything it rests on."""
    run = _run_or_404(request, run_id)
    verification = get_object_or_404(Verification, run=run)
    context = {"run": run, "verification": verification, "adapter": verification.adapter}
    return render(request, "training/verification_detail.html", context)


@admin_required
@require_POST
def run_stop(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Cancel a run; what it has learned so far is kept."""
    run = _run_or_404(request, run_id)
    run_cancel(run=run, by=request.user)
    messages.success(request, _("The run is stopping. Its last state is kept for a retry."))
    return redirect("training:run_detail", run.pk)


def _run_or_404(request: HttpRequest, run_id: UUID) -> TrainingRun:
    runs = TrainingRun.objects.visible_to(request.user).select_related("cluster", "job")
    return get_object_or_404(runs, pk=run_id)
