"""A conversation's settings; taking conversations out and in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat.experience.services.switches import is_on_for
from chat.exporting import FORMATS, export_file
from chat.forms import ConversationSettingsForm, ImportForm
from chat.models import Conversation
from chat.services.history_import import MAX_HISTORY_BYTES
from chat.services.importing import MAX_FILE_BYTES, conversations_import, is_own_export
from chat.services.parameters import conversation_configure, may_configure
from chat.views import own_conversation, sidebar
from uno_site.errors import InvalidInput
from uno_site.interchange import FORMATS as LOG_FORMATS
from uno_site.uploads import upload_save


@require_http_methods(["GET", "POST"])
def conversation_manage(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Everything about a conversation on one page; POST sets its prompt and parameters."""
    conversation = own_conversation(request, conversation_id)
    data = request.POST if request.method == "POST" else None
    form = ConversationSettingsForm(data, conversation=conversation)
    if data is not None and form.is_valid():
        conversation_configure(
            conversation=conversation,
            by=request.user,
            system_prompt=form.cleaned_data["system_prompt"],
            sampling=form.sampling,
        )
        messages.success(request, _("The next replies follow these settings."))
        return redirect("chat:conversation", conversation.pk)
    context = sidebar(request, conversation)
    context |= {"form": form, "may_configure": may_configure(request.user)}
    context["is_on"] = is_on_for(conversation)
    return render(request, "chat/manage.html", context, status=400 if form.errors else 200)


@require_GET
def conversation_export(request: HttpRequest, conversation_id: UUID, form: str) -> FileResponse:
    """One conversation as a file."""
    own_conversation(request, conversation_id)
    chosen = Conversation.objects.visible_to(request.user).filter(pk=conversation_id)
    return _download(chosen, form, f"conversation-{conversation_id.hex[:8]}")


@require_GET
def everything_export(request: HttpRequest, form: str) -> FileResponse:
    """All one's conversations as one file, the archive and the API's included."""
    return _download(Conversation.objects.visible_to(request.user), form, "conversations")


def _download(conversations: QuerySet[Conversation], form: str, name: str) -> FileResponse:
    if form not in FORMATS:
        raise Http404
    return FileResponse(
        export_file(conversations, form),
        as_attachment=True,
        filename=f"{name}.{form}",
        content_type=FORMATS[form],
    )


@require_GET
def data(request: HttpRequest) -> HttpResponse:
    """The page to take one's conversations along, or to bring some."""
    return render(request, "chat/data.html", _data_context(request, ImportForm()))


def _data_context(request: HttpRequest, form: ImportForm) -> dict[str, Any]:
    formats = [known for known in LOG_FORMATS.values() if known.parse_dialogue]
    limits = {"own_limit": MAX_FILE_BYTES // 2**20, "limit": MAX_HISTORY_BYTES // 2**20}
    return sidebar(request) | {"form": form, "formats": formats, **limits}


@require_POST
def data_import(request: HttpRequest) -> HttpResponse:
    """Take in our own export at once; another system's file is looked at first."""
    form = ImportForm(request.POST, request.FILES)
    report = None
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if not is_own_export(file):
                upload = upload_save(file, by=request.user, limit=MAX_HISTORY_BYTES)
                return redirect("chat:import-check", upload.id)
            report = conversations_import(user=request.user, file=file)
        except InvalidInput as error:
            form.add_error("file", str(error))
    context = _data_context(request, form) | {"report": report}
    return render(request, "chat/data.html", context, status=400 if form.errors else 200)
