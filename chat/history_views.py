"""Conversations of other systems: a look at what a file holds, then the import."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from chat.services.history_import import history_import, history_preview
from uno_site.interchange import LogFileUnreadable
from uno_site.uploads import Upload, upload_delete, upload_get


@require_http_methods(["GET", "POST"])
def history_check(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """What an import would make of the file; posting does it, or deletes the file."""
    upload = upload_get(upload_id, request.user)
    if upload is None:
        raise Http404
    if "discard" in request.POST:
        upload_delete(upload.path)
        return redirect("chat:data")
    try:
        return _answer(request, upload)
    except LogFileUnreadable as error:
        upload_delete(upload.path)
        messages.error(request, upload.in_words(error))
        return redirect("chat:data")


def _answer(request: HttpRequest, upload: Upload) -> HttpResponse:
    is_import = request.method == "POST"
    act = history_import if is_import else history_preview
    report = act(user=request.user, path=upload.path)
    if is_import:
        upload_delete(upload.path)
        text = ngettext(
            "%(n)s conversation imported.", "%(n)s conversations imported.", report.n_new
        )
        messages.success(request, text % {"n": report.n_new})
    context = {"upload": upload, "report": report, "is_done": is_import}
    return render(request, "chat/import_check.html", context)
