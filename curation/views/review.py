"""The two review queues: rules, and preference pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from curation.filters import PairFilter, ReviewFilter, RuleFilter
from curation.models import ReviewAction, ReviewState, SecondOpinion
from curation.queues import overview_counts, pair_list, queue_stretch, rule_list
from curation.services.deciding import items_of
from curation.services.opinions import has_opinion
from curation.services.review_actions import (
    BULK,
    SERVICES,
    Outcome,
    action_run,
    action_undo,
    actions_run,
)
from curation.services.seen import refuse_stale
from uno_site.accounts.permissions import curator_required
from uno_site.accounts.selectors import curators


@dataclass(frozen=True, slots=True)
class Queue:
    """What sets one queue apart from the other; ``text_field`` is what an edit changes."""

    title: Promise
    text: Promise
    rows: Callable[..., Any]
    filter: type[ReviewFilter]
    fragment: str
    text_field: str
    page_size: int


QUEUES = {
    "rules": Queue(
        title=gettext_lazy("Rules"),
        text=gettext_lazy(
            "What the feedback asks for, in one sentence each. Only approved rules train."
        ),
        rows=rule_list,
        filter=RuleFilter,
        fragment="curation/rule_row.html",
        text_field="text",
        page_size=10,
    ),
    "pairs": Queue(
        title=gettext_lazy("Pairs"),
        text=gettext_lazy(
            "The better answer beside the one that was given. Only approved pairs train."
        ),
        rows=pair_list,
        filter=PairFilter,
        fragment="curation/pair_row.html",
        text_field="chosen",
        page_size=6,
    ),
}
DONE = {
    "approve": gettext_lazy("Approved"),
    "reject": gettext_lazy("Rejected"),
    "skip": gettext_lazy("Skipped"),
    "reopen": gettext_lazy("Back in the queue"),
    "edit": gettext_lazy("Saved and approved"),
    "assign": gettext_lazy("Assigned"),
    "ask": gettext_lazy("Two curators will judge it, the second blind to the first"),
    "call-off": gettext_lazy("One curator decides again"),
}
OPEN_STATES = ("", SecondOpinion.WANTED, SecondOpinion.DISPUTED)


@curator_required
@require_GET
def queue_page(request: HttpRequest, noun: str) -> HttpResponse:
    """A queue, or its history by ``?state=``; htmx gets the rows behind ``?after=`` alone."""
    queue, state = QUEUES[noun], request.GET.get("state", "")
    form = queue.filter(request.GET, user=request.user)
    rows = form.apply(queue.rows(request.user, state))
    cursor = request.GET.get("after", "")
    context = {
        "queue": queue,
        "noun": noun,
        "list_url": reverse(f"curation:{noun}"),
        "form": form,
        "stretch": queue_stretch(rows, request.user, state, size=queue.page_size, cursor=cursor),
        "is_open": state in OPEN_STATES,
        "is_later": bool(cursor),
        "next": request.get_full_path(),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "curation/review_rows.html", context)
    context["curators"] = curators()
    if not context["stretch"].rows:
        context["n_waiting"] = overview_counts()  # which queue to go on with
    return render(request, "curation/review_list.html", context)


def own_item(request: HttpRequest, noun: str, item_id: UUID) -> Any:
    """The rule or pair, if the person may see it; 404 otherwise."""
    return get_object_or_404(items_of(noun).objects.visible_to(request.user), pk=item_id)


@curator_required
@require_POST
def item_decide(request: HttpRequest, noun: str, item_id: UUID, action: str) -> HttpResponse:
    """Approve, reject, skip, reopen, edit (which approves in other words), assign, ask …"""
    item = own_item(request, noun, item_id)
    if action not in SERVICES:
        raise Http404
    refuse_stale(item, request.POST.get("seen", ""), by=request.user)
    values = _values(request, noun, action)
    outcome = action_run(verb=action, noun=noun, item=item, by=request.user, **values)
    is_opinion = action in ("approve", "reject") and item.is_open_to_opinions
    done = _("Your opinion is kept") if is_opinion else str(DONE[action])
    undo = _undo_url(request, outcome)
    if not request.htmx:
        messages.success(request, done, extra_tags=undo)
        return redirect(_next_url(request, noun))
    context = row_context(request, noun, item) | {"undo_url": undo}
    if action == "skip":
        context |= {"is_decided": True, "is_skipped": True}
    response = render(request, QUEUES[noun].fragment, context)
    return _with_toast(response, done, undo)


def row_context(request: HttpRequest, noun: str, item: Any) -> dict[str, Any]:
    """What an item's card needs; decided is also what the person has given an opinion on."""
    is_decided = item.state != ReviewState.PROPOSED
    if item.is_open_to_opinions:
        is_decided = has_opinion(item, request.user)
    return {"item": item, "noun": noun, "is_decided": is_decided}


@curator_required
@require_POST
def items_decide(request: HttpRequest, noun: str, action: str) -> HttpResponse:
    """Approve, reject, skip, assign or ask about the ticked rows, with one undo for all."""
    if action not in BULK:
        raise Http404
    ids = [value for value in request.POST.getlist("item") if _is_uuid(value)]
    items = items_of(noun).objects.visible_to(request.user)
    outcome = actions_run(
        verb=action,
        noun=noun,
        items=items.filter(pk__in=ids, state=ReviewState.PROPOSED).order_by("created_at", "pk"),
        by=request.user,
        **_values(request, noun, action),
    )
    n = len(outcome.items)
    text = f"{DONE[action]}: " + ngettext("%(n)d item.", "%(n)d items.", n) % {"n": n}
    if n < len(ids):
        left = _("Some are left: they are flagged, or somebody else has them. Look at them alone.")
        text = f"{text} {left}"
    messages.success(request, text, extra_tags=_undo_url(request, outcome))
    return redirect(_next_url(request, noun))


@curator_required
@require_POST
def action_undo_view(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """Take one's own decision back: everything stands as it did before."""
    action = get_object_or_404(ReviewAction, pk=action_id, by=request.user)
    outcome = action_undo(action=action, by=request.user)
    n = len(outcome.items)
    text = ngettext("%(n)d item is as before.", "%(n)d items are as before.", n) % {"n": n}
    if outcome.n_left:
        text = f"{text} {_('The others were changed since.')}"
    if not request.htmx:
        messages.success(request, text)
        return redirect(_next_url(request, action.noun))
    rows = [row_context(request, action.noun, item) for item in outcome.items]
    context = {"rows": rows, "queue": QUEUES[action.noun]}
    return _with_toast(render(request, "curation/restored_rows.html", context), text)


def _values(request: HttpRequest, noun: str, action: str) -> dict[str, Any]:
    """What a decision needs beside the item."""
    if action == "edit":
        return {"text": request.POST.get(QUEUES[noun].text_field, "")}
    if action == "assign":
        name = request.POST.get("to", "")
        return {"to": get_object_or_404(curators(), username=name) if name else None}
    return {}


def _with_toast(response: HttpResponse, text: str, undo: str = "") -> HttpResponse:
    toast = {"text": text, "level": "ok", "undo": undo}
    response["HX-Trigger"] = json.dumps({"toast": toast})
    return response


def _undo_url(request: HttpRequest, outcome: Outcome) -> str:
    if outcome.action is None:
        return ""
    url = reverse("curation:undo", args=[outcome.action.pk])
    back = request.POST.get("next", "")
    return f"{url}?{urlencode({'next': back})}" if back else url


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _next_url(request: HttpRequest, noun: str) -> str:
    url = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return url
    return f"curation:{noun}"
