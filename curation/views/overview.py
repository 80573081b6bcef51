"""The front page of the curation rooms."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from curation.models import LogEntry
from curation.queues import overview_counts
from curation.selectors import accounting, cluster_list, with_approved_pairs
from curation.services.processing import PROCESS, has_pending_work
from uno_site.accounts.permissions import curator_required
from uno_site.jobs.models import Job
from uno_site.jobs.services import active_jobs, job_enqueue

#: The largest ones, of which the overview tells.
N_CLUSTERS = 6


@curator_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """What waits, and what is being done."""
    context = {
        "counts": overview_counts(),
        "clusters": with_approved_pairs(cluster_list()[:N_CLUSTERS]),
        "job": active_jobs(PROCESS).first(),
        "last": Job.objects.filter(kind=PROCESS, finished_at__isnull=False).first(),
        "has_pending": has_pending_work(),
    }
    return render(request, "curation/overview.html", context)


@curator_required
@require_GET
def accounting_table(request: HttpRequest) -> HttpResponse:
    """Where every entry stands: a fragment of the overview."""
    context = {"accounting": accounting(LogEntry.objects.all())}
    return render(request, "curation/accounting.html", context)


@curator_required
@require_POST
def process_start(request: HttpRequest) -> HttpResponse:
    """Process what is new now rather than at the next scheduled time."""
    job_enqueue(kind=PROCESS, by=request.user)
    messages.success(request, _("Processing has been queued."))
    return redirect("curation:overview")
