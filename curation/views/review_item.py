"""One rule or pair: its page, claims, comments, and how far curators agree."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from curation.agreement import agreement
from curation.item_history import item_record
from curation.models import Comment, LogEntry
from curation.queues import disputed_counts
from curation.services.assigning import comment_add, comment_delete
from curation.services.claims import item_claim, item_release
from curation.services.deciding import noun_of
from curation.similar import similar_entries
from curation.views.review import QUEUES, own_item, row_context
from uno_site.accounts.permissions import curator_required
from uno_site.accounts.selectors import curators
from uno_site.errors import Conflict


@curator_required
@require_GET
def item_page(request: HttpRequest, noun: str, item_id: UUID) -> HttpResponse:
    """One item with its history, comments, opinions, and entries that ask alike."""
    item = own_item(request, noun, item_id)
    context = row_context(request, noun, item) | {
        "queue": QUEUES[noun],
        "record": item_record(request.user, item),
        "curators": curators(),
        "next": request.get_full_path(),
    }
    return render(request, "curation/item_detail.html", context)


@curator_required
@require_POST
def claim(request: HttpRequest, noun: str, item_id: UUID) -> HttpResponse:
    """Claim the item, or renew the claim; 409 with the reason where somebody else has it."""
    try:
        item_claim(item=own_item(request, noun, item_id), by=request.user)
    except Conflict as error:
        return HttpResponse(str(error), status=error.status, content_type="text/plain")
    return HttpResponse(status=204)


@curator_required
@require_POST
def release(request: HttpRequest, noun: str, item_id: UUID) -> HttpResponse:
    """Give the item back undecided."""
    item_release(item=own_item(request, noun, item_id), by=request.user)
    return HttpResponse(status=204)


@curator_required
@require_POST
def comment(request: HttpRequest, noun: str, item_id: UUID) -> HttpResponse:
    """Write something beside the item."""
    item = own_item(request, noun, item_id)
    comment_add(item=item, text=request.POST.get("text", ""), by=request.user)
    return _back(noun, item_id)


@curator_required
@require_POST
def comment_remove(
    request: HttpRequest, noun: str, item_id: UUID, comment_id: UUID
) -> HttpResponse:
    """Take one's own comment away."""
    item = own_item(request, noun, item_id)
    own = Comment.objects.filter(**{noun_of(item): item}, by=request.user)
    comment_delete(comment=get_object_or_404(own, pk=comment_id), by=request.user)
    return _back(noun, item_id)


def _back(noun: str, item_id: UUID) -> HttpResponse:
    return redirect(f"curation:{noun}-item", item_id)


@curator_required
@require_GET
def similar(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Entries that ask alike: a fragment, since it looks through all of them."""
    entry = get_object_or_404(LogEntry.objects.visible_to(request.user), pk=entry_id)
    context = {"entry": entry, "similar": similar_entries(request.user, entry)}
    return render(request, "curation/similar.html", context)


@curator_required
@require_GET
def agreement_page(request: HttpRequest) -> HttpResponse:
    """Cohen's kappa overall and of each two curators, and what a third has to decide."""
    context = {
        "kinds": [
            {"noun": "rules", "title": QUEUES["rules"].title, "agreement": agreement("rule")},
            {"noun": "pairs", "title": QUEUES["pairs"].title, "agreement": agreement("pair")},
        ],
        "disputed": disputed_counts(),
    }
    return render(request, "curation/agreement.html", context)
