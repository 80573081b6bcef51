"""Exchanging notes with other deployments, and the receipts of erasures."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat.experience.models import ErasureReceipt, Origin, Tombstone
from curation.experience.forms import NoteFileForm, OriginForm
from curation.experience.keys import own_public_key
from curation.experience.sharing import (
    export_lines,
    exportable_notes,
    import_lines,
    origin_add,
    origin_switch,
)
from uno_site.accounts.permissions import admin_required, curator_required
from uno_site.audit.services import audit_record
from uno_site.errors import UnoError

PAGE_SIZE = 25
MAX_FILE_BYTES = 32 * 2**20


@curator_required
@require_GET
def sharing_page(request: HttpRequest) -> HttpResponse:
    """What leaves, who is trusted, and how to take a file in."""
    return _page(request, NoteFileForm(), OriginForm())


@curator_required
@require_GET
def sharing_file(request: HttpRequest) -> HttpResponse:
    """The signed file of what may be shared."""
    audit_record(actor=request.user, action="experience.export", subject=request.user)
    text = "".join(export_lines(name=request.get_host()))
    response = HttpResponse(text, content_type="application/jsonl")
    name = f"uno-notes-{localdate()}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@admin_required
@require_POST
def sharing_import(request: HttpRequest) -> HttpResponse:
    """Take in a file: all of it as candidates, or nothing."""
    form = NoteFileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            report = import_lines(_lines(form.cleaned_data["file"]), by=request.user)
        except UnoError as error:
            form.add_error("file", str(error))
        else:
            told = _("%(new)d new notes wait for review; %(gone)d were removed.")
            messages.success(request, told % {"new": report.n_new, "gone": report.n_removed})
            return redirect("curation:note-sharing")
    return _page(request, form, OriginForm(), status=400)


@admin_required
@require_POST
def origin_create(request: HttpRequest) -> HttpResponse:
    """Trust a deployment."""
    form = OriginForm(request.POST)
    if form.is_valid():
        try:
            origin_add(**form.cleaned_data, by=request.user)
        except UnoError as error:
            form.add_error("public_key", str(error))
        else:
            return redirect("curation:note-sharing")
    return _page(request, NoteFileForm(), form, status=400)


@admin_required
@require_POST
def origin_toggle(request: HttpRequest, origin_id: UUID) -> HttpResponse:
    """Use what a deployment sent, or none of it."""
    origin = get_object_or_404(Origin, pk=origin_id)
    origin_switch(origin=origin, is_on=not origin.is_on, by=request.user)
    return redirect("curation:note-sharing")


@admin_required
@require_GET
def receipt_list(request: HttpRequest) -> HttpResponse:
    """What was erased, the latest first."""
    page = Paginator(ErasureReceipt.objects.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "curation/receipt_list.html", {"page": page})


@admin_required
@require_GET
def receipt_file(request: HttpRequest, receipt_id: UUID) -> HttpResponse:
    """One receipt as a file, for whoever it is about."""
    receipt = get_object_or_404(ErasureReceipt, pk=receipt_id)
    names = ("subject", "reason", "counts", "items", "created_at", "finished_at")
    values = {"receipt": receipt.pk, **{name: getattr(receipt, name) for name in names}}
    response = JsonResponse(values, json_dumps_params={"indent": 1})
    response["Content-Disposition"] = f'attachment; filename="uno-erasure-{receipt.pk}.json"'
    return response


def _page(
    request: HttpRequest, file_form: NoteFileForm, origin_form: OriginForm, status: int = 200
) -> HttpResponse:
    context = {
        "n_notes": exportable_notes().count(),
        "n_tombstones": Tombstone.objects.filter(origin=None).count(),
        "key": own_public_key(),
        "origins": Origin.objects.all(),
        "file_form": file_form,
        "origin_form": origin_form,
    }
    return render(request, "curation/note_sharing.html", context, status=status)


def _lines(file: object) -> list[str]:
    if file.size > MAX_FILE_BYTES:
        raise UnoError(_("The file is too large."))
    try:
        # A note may have one of the other characters at which splitlines() cuts.
        return file.read().decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise UnoError(_("This is no text file.")) from None
