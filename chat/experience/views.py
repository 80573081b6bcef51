"""Pages of one's notes: list, note, switches, and the notes behind a reply."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat.experience.forms import NoteFilterForm, NoteForm, NotesFileForm
from chat.experience.models import Experience
from chat.experience.notes_selectors import history_of, notes_list, notes_of_reply, uses_of
from chat.experience.services.exchanging import notes_export, notes_import
from chat.experience.services.notes import (
    note_create,
    note_delete,
    note_dispute,
    note_edit,
    note_pin,
    note_switch,
)
from chat.experience.services.switches import (
    conversation_switch_set,
    is_on_for,
    user_switch,
    user_switch_set,
)
from chat.message_views import own_message
from chat.models import Message
from chat.views import own_conversation
from uno_site.errors import UnoError
from uno_site.runtime.services import runtime_setting

PAGE_SIZE = 30
USES_SHOWN = 50


def own_note(request: HttpRequest, note_id: UUID) -> Experience:
    """A note that the requesting person may change; 404 otherwise."""
    return get_object_or_404(Experience.objects.owned_by(request.user), pk=note_id)


@require_GET
def note_list(request: HttpRequest) -> HttpResponse:
    """One's notes, and the switches."""
    return _list(request, NotesFileForm())


def _list(
    request: HttpRequest, file_form: NotesFileForm, report: object = None, status: int = 200
) -> HttpResponse:
    form = NoteFilterForm(request.GET)
    page = Paginator(notes_list(request.user, form.chosen), PAGE_SIZE)
    context = {
        "form": form,
        "page": page.get_page(request.GET.get("page")),
        "switch": user_switch(request.user.pk),
        "is_allowed": runtime_setting("experience"),
        "file_form": file_form,
        "report": report,
    }
    return render(request, "experience/note_list.html", context, status=status)


@require_http_methods(["GET", "POST"])
def note_new(request: HttpRequest) -> HttpResponse:
    """Write a note."""
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            note = note_create(owner=request.user, **form.cleaned_data)
        except UnoError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The note is kept, and in use from now on."))
            return redirect("experience:note", note.pk)
    status = 400 if form.errors else 200
    return render(request, "experience/note_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
def note_detail(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """One note, its history and where it was used; POST changes one's own."""
    visible = Experience.objects.visible_to(request.user).select_related("group", "superseded_by")
    note = get_object_or_404(visible, pk=note_id)
    form = NoteForm.of(note, request.POST or None)
    if request.method == "POST" and own_note(request, note_id) and form.is_valid():
        try:
            note_edit(note=note, by=request.user, **form.cleaned_data)
        except UnoError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The note was changed."))
            return redirect("experience:note", note.pk)
    context = {
        "note": note,
        "form": form,
        "is_own": note.owner_id == request.user.pk,
        "uses": uses_of(note, request.user)[:USES_SHOWN],
        "history": history_of(note, request.user),
    }
    status = 400 if form.errors else 200
    return render(request, "experience/note_detail.html", context, status=status)


@require_POST
def note_pin_view(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Pin one's note, or unpin it."""
    is_pinned = request.POST.get("is_pinned") == "yes"
    note_pin(note=own_note(request, note_id), by=request.user, is_pinned=is_pinned)
    return redirect("experience:note", note_id)


@require_POST
def note_switch_view(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Switch one's note on or off."""
    is_on = request.POST.get("is_on") == "yes"
    note_switch(note=own_note(request, note_id), by=request.user, is_on=is_on)
    return redirect("experience:note", note_id)


@require_POST
def note_delete_view(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Delete one's note for good."""
    note_delete(note=own_note(request, note_id), by=request.user)
    messages.success(request, _("The note was deleted."))
    return redirect("experience:notes")


@require_POST
def switches(request: HttpRequest) -> HttpResponse:
    """Set the person's own switches."""
    names = ("is_on", "is_api_on", "is_learning_on")
    user_switch_set(user=request.user, **{name: name in request.POST for name in names})
    messages.success(request, _("Saved; it holds at once."))
    return redirect("experience:notes")


@require_POST
def conversation_switch(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Switch notes on or off for one conversation."""
    conversation = own_conversation(request, conversation_id)
    is_on = request.POST.get("is_on") == "yes"
    conversation_switch_set(conversation=conversation, is_on=is_on)
    text = _("Replies here use notes again.") if is_on else _("Replies here use no notes.")
    messages.success(request, text)
    return redirect("chat:conversation", conversation_id)


@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """One's own notes as a file."""
    response = HttpResponse(notes_export(request.user), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="notes.json"'
    return response


@require_POST
def import_notes(request: HttpRequest) -> HttpResponse:
    """Take in notes of an exported file."""
    form, report = NotesFileForm(request.POST, request.FILES), None
    if form.is_valid():
        try:
            report = notes_import(user=request.user, file=form.cleaned_data["file"])
        except UnoError as error:
            form.add_error("file", str(error))
    return _list(request, form, report, status=400 if form.errors else 200)


@require_GET
def reply_notes(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """The notes that a reply was shown: a fragment for htmx, or a page."""
    return _render_reply_notes(request, own_message(request, message_id))


@require_POST
def reply_note_dispute(request: HttpRequest, message_id: UUID, note_id: UUID) -> HttpResponse:
    """Say that a note which a reply was shown is wrong."""
    message = own_message(request, message_id)
    note = get_object_or_404(
        Experience.objects.in_scope_of(request.user), pk=note_id, uses__message=message
    )
    note_dispute(note=note, by=request.user, message=message)
    if not request.htmx:
        return redirect("experience:reply-notes", message_id)
    return _render_reply_notes(request, message)


def _render_reply_notes(request: HttpRequest, message: Message) -> HttpResponse:
    template = "experience/reply_notes.html" if request.htmx else "experience/reply_notes_page.html"
    context = {
        "message": message,
        "shown": notes_of_reply(message, request.user),
        "is_on": is_on_for(message.conversation),
    }
    return render(request, template, context)
