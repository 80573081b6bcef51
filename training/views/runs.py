"""Runs: the list, one run with its live loss, and its verification."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_POST

from training import selectors
from training.comparison import chosen_ids, compare_runs
from training.models import RunState, TrainingRun, Verification
from training.services.execution import trainer_words
from training.services.live_samples import LiveSample, live_samples, n_answers
from training.services.run_control import can_resume, run_cancel, run_pause, run_resume
from training.services.runs import ACTIVE_STATES, run_folder
from uno_site.accounts.permissions import admin_required, curator_required

PAGE_SIZE = 25
COLUMNS = (
    (_lazy("Compare"), ""),
    (_lazy("Cluster"), ""),
    (_lazy("Kind"), ""),
    (_lazy("State"), ""),
    (_lazy("Pairs"), "right"),
    (_lazy("Win rate"), "right"),
    (_lazy("Made"), ""),
)
ACTIONS = {
    "pause": (run_pause, _lazy("The run is pausing. It goes on where it was when you resume it.")),
    "resume": (run_resume, _lazy("The run is queued and goes on where it was.")),
    "cancel": (run_cancel, _lazy("The run is stopping. Its last state is kept for a retry.")),
}


@curator_required
def run_list(request: HttpRequest) -> HttpResponse:
    """Runs, newest first, by state."""
    state = request.GET.get("state", "")
    runs = selectors.run_list(request.user, state=state, cluster=_cluster(request))
    page = Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "columns": COLUMNS,
        "state": state,
        "states": RunState.choices,
    }
    return render(request, "training/run_list.html", context)


def _cluster(request: HttpRequest) -> str:
    try:
        return str(UUID(request.GET.get("cluster", "")))
    except ValueError:
        return ""


@curator_required
@require_GET
def run_compare(request: HttpRequest) -> HttpResponse:
    """Two to four runs side by side."""
    ids = chosen_ids(request.GET.getlist("run"))
    found = selectors.run_list(request.user).in_bulk(ids)
    if len(found) < len(ids):
        raise Http404
    comparison = compare_runs([found[one] for one in ids])
    return render(request, "training/run_compare.html", {"comparison": comparison})


@curator_required
def run_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run: live loss, config, examples, log, error."""
    run = _run_or_404(request, run_id)
    folder = run_folder(run)
    context = {
        "run": run,
        "is_active": run.state in ACTIVE_STATES,
        "is_resumable": can_resume(run),
        "rows": folder.read_rows("metrics.jsonl"),
        "result": folder.read_json("result.json"),
        "words": trainer_words(folder),
        **_shown(live_samples(folder)),
        "verification": Verification.objects.filter(run=run).first(),
        "adapters": run.adapters.all(),
        "examples": run.examples.select_related("entry")[:200],
    }
    return render(request, "training/run_detail.html", context)


@curator_required
@require_GET
def run_samples(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What the run's checkpoints answer, as a fragment that asks again while it trains."""
    run = _run_or_404(request, run_id)
    samples, is_active = live_samples(run_folder(run)), run.state in ACTIVE_STATES
    if is_active and request.GET.get("seen") == str(n_answers(samples)):
        # Nothing new: the page keeps what somebody may have opened to read.
        return HttpResponse(status=204)
    context = {"run": run, "is_active": is_active, **_shown(samples)}
    return render(request, "training/run_samples.html", context)


def _shown(samples: list[LiveSample]) -> dict[str, Any]:
    return {"samples": samples, "n_seen": n_answers(samples)}


@curator_required
def verification_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The verdict on a run, with everything it rests on."""
    run = _run_or_404(request, run_id)
    verification = get_object_or_404(Verification, run=run)
    context = {"run": run, "verification": verification, "adapter": verification.adapter}
    return render(request, "training/verification_detail.html", context)


@admin_required
@require_POST
def run_act(request: HttpRequest, run_id: UUID, action: str) -> HttpResponse:
    """Pause, resume or cancel a run; what it has learned so far is kept."""
    run = _run_or_404(request, run_id)
    service, said = ACTIONS[action]
    service(run=run, by=request.user)
    messages.success(request, said)
    return redirect("training:run_detail", run.pk)


def _run_or_404(request: HttpRequest, run_id: UUID) -> TrainingRun:
    runs = TrainingRun.objects.visible_to(request.user).select_related("cluster", "job")
    return get_object_or_404(runs, pk=run_id)
