"""The job monitor: what runs, how far it is, what it said, stop and retry."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_POST

from uno_site.accounts.permissions import curator_required

from .models import Job, JobState
from .registry import get_kind, may_start, startable_by
from .services import job_cancel, job_enqueue, job_retry

PAGE_SIZE = 25
COLUMNS = (
    (_lazy("Job"), ""),
    (_lazy("State"), ""),
    (_lazy("Progress"), ""),
    (_lazy("Took"), "right"),
    (_lazy("Queued"), ""),
    (_lazy("By"), ""),
)


@curator_required
@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    """All jobs, newest first; ``?state=`` filters."""
    jobs, state = Job.objects.visible_to(request.user), request.GET.get("state", "")
    if state in JobState.values:
        jobs = jobs.filter(state=state)
    jobs = jobs.select_related("created_by").defer("log", "params", "result")
    page = Paginator(jobs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "columns": COLUMNS,
        "state": state,
        "states": JobState.choices,
        "kinds": startable_by(request.user),
    }
    return render(request, "jobs/job_list.html", context)


@curator_required
@require_GET
def job_detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One job: progress, time left, log, result."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=job_id)
    context = {"job": job, "may_act": may_start(request.user, get_kind(job.kind))}
    return render(request, "jobs/job_detail.html", context)


@curator_required
@require_POST
def job_start(request: HttpRequest) -> HttpResponse:
    """Start a job of the posted kind."""
    kind = get_kind(request.POST.get("kind", ""))
    if not may_start(request.user, kind):
        raise Http404
    return redirect("jobs:detail", job_enqueue(kind=kind.name, by=request.user).pk)


@curator_required
@require_POST
def job_act(request: HttpRequest, job_id: UUID, action: str) -> HttpResponse:
    """Cancel or retry a job."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=job_id)
    if not may_start(request.user, get_kind(job.kind)):
        raise Http404
    {"cancel": job_cancel, "retry": job_retry}[action](job=job, by=request.user)
    return redirect("jobs:detail", job.pk)
