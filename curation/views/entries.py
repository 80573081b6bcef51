"""Log entries: the list, one entry, and keeping one out of training."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from curation.filters import EntryFilter
from curation.models import LogEntry, RuleKind
from curation.queues import LATEST
from curation.selectors import entry_lineage, entry_list, entry_sources
from curation.services.distilling import entries_retry
from curation.services.review import subject_exclude
from curation.views.asking import asked
from uno_site.accounts.permissions import curator_required
from uno_site.keyset import stretch

PAGE_SIZE = 15


@curator_required
@require_GET
def entry_list_page(request: HttpRequest) -> HttpResponse:
    """Entries, newest first; the filters stand in the URL."""
    form = EntryFilter(request.GET, sources=entry_sources(request.user))
    cursor = request.GET.get("after", "")
    found = stretch(form.apply(entry_list(request.user)), LATEST, PAGE_SIZE, cursor)
    context = {"form": form, "stretch": found, "is_later": bool(cursor)}
    return render(request, "curation/entry_list.html", context)


@curator_required
@require_GET
def entry_detail(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """One entry: what was said, what was made of it, and where it went."""
    entries = LogEntry.objects.visible_to(request.user).select_related("cluster", "user", "message")
    entry = get_object_or_404(entries, pk=entry_id)
    rules = entry.rules.select_related("merged_into", "reviewed_by").order_by("position")
    context = {
        "entry": entry,
        "rules": rules.filter(kind=RuleKind.FEEDBACK),
        "prior_rules": rules.filter(kind=RuleKind.PRIOR),
        "pairs": entry.pairs.select_related("reviewed_by"),
        "candidates": entry.candidates.all(),
        "lineage": entry_lineage(entry),
    }
    return render(request, "curation/entry_detail.html", context)


@curator_required
@require_POST
def entry_exclude(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Keep an entry out of training, or let it in again."""
    entry = get_object_or_404(LogEntry.objects.visible_to(request.user), pk=entry_id)
    subject_exclude(subject=entry, is_excluded=asked(request, "exclude"), by=request.user)
    done = _("Excluded from training.") if entry.is_excluded else _("Included again.")
    messages.success(request, done)
    return redirect("curation:entry", entry.pk)


@curator_required
@require_POST
def entry_retry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Put an entry that failed, or gave no rules, back into the line."""
    entries = LogEntry.objects.visible_to(request.user).filter(pk=entry_id)
    entry = get_object_or_404(entries)
    if entries_retry(entries=entries):
        messages.success(request, _("The entry will be distilled again."))
    return redirect("curation:entry", entry.pk)
