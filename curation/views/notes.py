"""The experience store's pages for curators: notes, refinements."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat.experience.models import Experience
from curation.experience.editing import curated_edit, curated_pin, last_change_undo
from curation.experience.forms import NoteFilter, NoteForm, PromoteForm
from curation.experience.promotion import candidate_decide, note_promote, note_recall
from curation.experience.refining import refine_apply, refine_decline, refine_revert
from curation.experience.selectors import (
    note_counts,
    note_list,
    note_uses,
    notes_visible_to,
    planned_changes,
    refusal_counts,
    runs_visible_to,
)
from curation.experience.sharing_rules import FAULTS, Standing, note_standing
from curation.experience.waiting import is_waiting
from uno_site.accounts.permissions import curator_required
from uno_site.errors import UnoError
from uno_site.inference.errors import InferenceError
from uno_site.jobs.services import active_jobs, job_enqueue

PAGE_SIZE = 25
REFINE = "experience.refine"


@curator_required
@require_GET
def note_list_page(request: HttpRequest) -> HttpResponse:
    """Notes, the latest first; the filters stand in the address."""
    form = NoteFilter(request.GET)
    rows = form.apply(note_list(request.user))
    context = {
        "form": form,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": note_counts(request.user),
        "refusals": [(FAULTS.get(name, name), n) for name, n in refusal_counts()],
    }
    return render(request, "curation/note_list.html", context)


@curator_required
@require_GET
def note_detail(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """One note: what it rests on, what happened to it, where it was used, what contradicts it."""
    return _page(request, _note_or_404(request, note_id), PromoteForm())


@curator_required
@require_http_methods(["GET", "POST"])
def note_edit_page(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Change a note's text."""
    note = _note_or_404(request, note_id)
    initial = {name: getattr(note, name) for name in NoteForm.base_fields}
    form = NoteForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            curated_edit(note=note, by=request.user, values=form.cleaned_data)
        except UnoError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The note was changed."))
            return redirect("curation:note", note.pk)
    return render(request, "curation/note_form.html", {"form": form, "note": note})


@curator_required
@require_POST
def note_act(request: HttpRequest, note_id: UUID, action: str) -> HttpResponse:
    """Pin, approve, reject, share, recall, or take back the latest change."""
    note, by = _note_or_404(request, note_id), request.user
    if action == "pin":
        curated_pin(note=note, by=by)
    elif action in ("approve", "reject"):
        candidate_decide(note=note, by=by, is_approved=action == "approve")
    elif action == "share":
        form = PromoteForm(request.POST)
        if not form.is_valid():
            return _page(request, note, form, status=400)
        note_promote(note=note, by=by, group=form.cleaned_data["group"])
    elif action == "recall":
        note_recall(note=note, by=by)
    elif action == "undo":
        last_change_undo(note=note, by=by)
    messages.success(request, _("Done."))
    is_there = notes_visible_to(by).filter(pk=note.pk).exists()
    return redirect("curation:note", note.pk) if is_there else redirect("curation:notes")


@curator_required
@require_GET
def refine_list(request: HttpRequest) -> HttpResponse:
    """Refinements, the latest first."""
    context = {
        "page": Paginator(runs_visible_to(request.user), PAGE_SIZE).get_page(
            request.GET.get("page")
        ),
        "job": active_jobs(REFINE).first(),
    }
    return render(request, "curation/refine_list.html", context)


@curator_required
@require_POST
def refine_plan_start(request: HttpRequest) -> HttpResponse:
    """Plan a refinement now rather than at night."""
    job_enqueue(kind=REFINE, by=request.user)
    messages.success(request, _("A refinement is being planned; nothing is changed yet."))
    return redirect("curation:refinements")


@curator_required
@require_GET
def refine_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What one refinement would change, or did."""
    run = get_object_or_404(runs_visible_to(request.user), pk=run_id)
    context = {"run": run, "changes": planned_changes(run, request.user)}
    return render(request, "curation/refine_detail.html", context)


@curator_required
@require_POST
def refine_decide(request: HttpRequest, run_id: UUID, action: str) -> HttpResponse:
    """Apply, decline or take back a refinement."""
    run = get_object_or_404(runs_visible_to(request.user), pk=run_id)
    decide = {"apply": refine_apply, "decline": refine_decline, "revert": refine_revert}
    if action not in decide:
        raise Http404
    decide[action](run=run, by=request.user)
    messages.success(request, _("Done."))
    return redirect("curation:refinement", run.pk)


def _page(
    request: HttpRequest, note: Experience, form: PromoteForm, status: int = 200
) -> HttpResponse:
    context = {
        "note": note,
        "standing": _standing(note),
        "is_waiting": is_waiting(note),
        "revisions": note.revisions.select_related("by")[:30],
        "uses": note_uses(note),
        "form": form,
        "flags": [FAULTS.get(flag, flag) for flag in note.flags],
    }
    return render(request, "curation/note_detail.html", context, status=status)


def _standing(note: Experience) -> Standing | None:
    """What speaks for and against sharing it; None while the engine does not answer."""
    try:
        return note_standing(note)
    except InferenceError:
        return None


def _note_or_404(request: HttpRequest, note_id: UUID) -> Experience:
    rows = notes_visible_to(request.user).select_related("owner", "group", "origin", "reviewer")
    return get_object_or_404(rows, pk=note_id)
