"""From an answer to the messages behind it, and from a message to the answers it changed."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from chat.models import Message
from training.lineage import answer_sources, entry_answers, readable_entries

PAGE_SIZE = 20
N_ANSWERS = 10


@require_GET
def answer(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """What an answer of one's own learned from: one's own messages, and how many of others."""
    message = get_object_or_404(
        Message.objects.visible_to(request.user).select_related("conversation", "parent"),
        pk=message_id,
    )
    sources = answer_sources(request.user, message)
    entries = sources.entries if sources else []
    page = Paginator(entries, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"message": message, "sources": sources, "page": page}
    return render(request, "training/answer_sources.html", context)


@require_GET
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """The answers that an entry changed: a fragment for its page, or a page."""
    found = get_object_or_404(readable_entries(request.user), pk=entry_id)
    context = {
        "entry": found,
        "changes": [
            (changed, changed.own[:N_ANSWERS]) for changed in entry_answers(request.user, found)
        ],
    }
    name = "entry_answers" if request.htmx else "entry_answers_page"
    return render(request, f"training/{name}.html", context)
