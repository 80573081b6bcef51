"""The two review queues: rules, and preference pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from curation.forms import FilterForm, PairFilter, RuleFilter
from curation.models import PreferencePair, ReviewState, Rule
from curation.selectors import pair_list, rule_list
from curation.services import review
from uno_site.accounts.permissions import curator_required


@dataclass(frozen=True, slots=True)
class Queue:
    """What sets one queue apart from the other."""

    title: Promise
    text: Promise
    model: type[models.Model]
    rows: Callable[..., Any]
    filter: type[FilterForm]
    fragment: str
    page_size: int


QUEUES = {
    "rules": Queue(
        title=gettext_lazy("Rules"),
        text=gettext_lazy(
            "What the feedback asks for, in one sentence each. Only approved rules train."
        ),
        model=Rule,
        rows=rule_list,
        filter=RuleFilter,
        fragment="curation/rule_row.html",
        page_size=25,
    ),
    "pairs": Queue(
        title=gettext_lazy("Pairs"),
        text=gettext_lazy(
            "The better answer beside the one that was given. Only approved pairs train."
        ),
        model=PreferencePair,
        rows=pair_list,
        filter=PairFilter,
        fragment="curation/pair_row.html",
        page_size=10,
    ),
}
ACTIONS = {
    "approve": (review.item_approve, gettext_lazy("Approved")),
    "reject": (review.item_reject, gettext_lazy("Rejected")),
    "skip": (review.item_skip, gettext_lazy("Skipped")),
    "reopen": (review.item_reopen, gettext_lazy("Back in the queue")),
}


@curator_required
@require_GET
def queue_page(request: HttpRequest, noun: str) -> HttpResponse:
    """A queue, or its history by ``?state=``."""
    queue = QUEUES[noun]
    form = queue.filter(request.GET)
    rows = form.apply(queue.rows(request.user, request.GET.get("state", "")))
    page = Paginator(rows, queue.page_size).get_page(request.GET.get("page"))
    context = {
        "queue": queue,
        "list_url": reverse(f"curation:{noun}"),
        "approve_url": reverse(f"curation:{noun}-approve"),
        "form": form,
        "page": page,
        "noun": noun,
        "is_open": request.GET.get("state", "") in ("", ReviewState.PROPOSED),
        "next": request.get_full_path(),
    }
    return render(request, "curation/review_list.html", context)


@curator_required
@require_POST
def item_decide(request: HttpRequest, noun: str, item_id: UUID, action: str) -> HttpResponse:
    """Approve, reject, skip, reopen, or edit (which approves in other words)."""
    queue = QUEUES[noun]
    item = get_object_or_404(queue.model.objects.visible_to(request.user), pk=item_id)
    if action == "edit":
        item, done = _edit(request, item), _("Saved and approved")
    elif action in ACTIONS:
        service, done = ACTIONS[action]
        item = service(item=item, by=request.user)
    else:
        raise Http404
    return _answer(request, queue, noun, item, str(done), is_skipped=action == "skip")


def _edit(request: HttpRequest, item: Any) -> Any:
    if isinstance(item, Rule):
        return review.rule_edit(rule=item, text=request.POST.get("text", ""), by=request.user)
    return review.pair_edit(pair=item, chosen=request.POST.get("chosen", ""), by=request.user)


def _answer(
    request: HttpRequest, queue: Queue, noun: str, item: Any, done: str, *, is_skipped: bool
) -> HttpResponse:
    """The decided row for htmx; otherwise the page that the form came from."""
    if not request.htmx:
        messages.success(request, done)
        return redirect(_next_url(request, noun))
    is_decided = is_skipped or item.state != ReviewState.PROPOSED
    context = {"item": item, "noun": noun, "is_decided": is_decided, "is_skipped": is_skipped}
    response = render(request, queue.fragment, context)
    response["HX-Trigger"] = json.dumps({"toast": {"text": done, "level": "ok"}})
    return response


@curator_required
@require_POST
def items_approve(request: HttpRequest, noun: str) -> HttpResponse:
    """Approve the ticked rows; flagged ones are left for a closer look."""
    ids = [value for value in request.POST.getlist("item") if _is_uuid(value)]
    items = (
        QUEUES[noun]
        .model.objects.visible_to(request.user)
        .filter(pk__in=ids, state=ReviewState.PROPOSED)
    )
    n_approved = review.items_approve(items=items, by=request.user)
    text = ngettext("%(n)d approved.", "%(n)d approved.", n_approved) % {"n": n_approved}
    if len(ids) > n_approved:
        text += " " + _("Flagged ones are left: look at them one by one.")
    messages.success(request, text)
    return redirect(_next_url(request, noun))


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _next_url(request: HttpRequest, noun: str) -> str:
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return url
    return f"curation:{noun}"
