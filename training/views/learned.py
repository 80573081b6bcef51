"""A person's own page: what UNO learned from them. Everybody has one, and sees no other."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat.models import Message
from curation.services.withdrawal import entry_withdraw, withdrawal_undo
from training.learned import (
    adapters_reached,
    learned_entries,
    learned_totals,
    own_entries,
    withdrawn_replies,
)

PAGE_SIZE = 10
MAX_WITHDRAWN = 50


@require_GET
def learned(request: HttpRequest) -> HttpResponse:
    """The person's entries, with the rules, pairs and adapters that came of them."""
    page = Paginator(learned_entries(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "items": [(entry, adapters_reached(entry)) for entry in page],
        "totals": learned_totals(request.user),
        "withdrawn": withdrawn_replies(request.user)[:MAX_WITHDRAWN],
    }
    return render(request, "training/learned.html", context)


@require_POST
def learned_withdraw(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Take one entry, and all that was made of it, out of the learning."""
    entry = get_object_or_404(own_entries(request.user), pk=entry_id)
    entry_withdraw(entry=entry, by=request.user)
    messages.success(request, _("Taken out. Adapters that learned from it follow in a minute."))
    return redirect("training:learned")


@require_POST
def learned_allow(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Let a reply be learned from again."""
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=message_id)
    withdrawal_undo(message=message)
    messages.success(request, _("It may be learned from again."))
    return redirect("training:learned")
