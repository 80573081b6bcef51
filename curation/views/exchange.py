"""Logs in, approved data out: imports with a look before, and downloads for other trainers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from curation.forms import UploadForm
from curation.services import exporting
from curation.services.importing import import_preview
from uno_site.accounts.permissions import curator_required
from uno_site.audit.services import audit_record
from uno_site.interchange import FORMATS, LogFileUnreadable
from uno_site.interchange.writers import WRITERS
from uno_site.jobs.models import Job
from uno_site.jobs.services import job_enqueue
from uno_site.uploads import MAX_UPLOAD_BYTES, Upload, upload_delete, upload_get, upload_save

IMPORT = "curation.import"
N_IMPORTS_SHOWN = 10


@curator_required
@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """Upload a log file, to look at before it is imported."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = upload_save(form.cleaned_data["file"], by=request.user)
        return redirect("curation:import-check", upload.id)
    context = {
        "form": form,
        "imports": Job.objects.filter(kind=IMPORT)[:N_IMPORTS_SHOWN],
        "limit": MAX_UPLOAD_BYTES // 2**20,
        "formats": FORMATS.values(),
    }
    return render(request, "curation/import_form.html", context)


@curator_required
@require_http_methods(["GET", "POST"])
def import_check(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """What an import would read of the file; posting starts it."""
    upload = _upload_or_404(request, upload_id)
    if request.method == "POST":
        params = {"path": str(upload.path), "name": upload.name}
        job_enqueue(kind=IMPORT, params=params, by=request.user)
        messages.success(request, _("The file is being imported."))
        return redirect("curation:import")
    try:
        preview = import_preview(path=upload.path)
    except LogFileUnreadable as error:
        upload_delete(upload.path)
        messages.error(request, upload.in_words(error))
        return redirect("curation:import")
    return render(request, "curation/import_check.html", {"upload": upload, "preview": preview})


@curator_required
@require_POST
def import_discard(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Delete an upload without importing it."""
    upload_delete(_upload_or_404(request, upload_id).path)
    messages.success(request, _("The file was deleted; nothing was imported."))
    return redirect("curation:import")


@curator_required
@require_GET
def export_page(request: HttpRequest) -> HttpResponse:
    """What may leave the instance, and in which formats."""
    counts = exporting.export_counts()
    formats = [(known, known.rows_per_pair * counts.n_pairs) for known in WRITERS.values()]
    return render(request, "curation/export.html", {"counts": counts, "formats": formats})


@curator_required
@require_GET
def export_data(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Download the approved pairs in one format."""
    chosen = exporting.export_format(name)
    audit_record(
        actor=request.user, action="data.export", subject=request.user, data={"format": name}
    )
    return _download(exporting.export_rows(chosen), f"uno-{name}-{localdate()}.jsonl")


@curator_required
@require_GET
def export_provenance(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Download where each line of an export comes from."""
    chunks = exporting.export_provenance(exporting.export_format(name))
    return _download(chunks, f"uno-{name}-{localdate()}.provenance.jsonl")


def _download(chunks: Iterator[bytes], filename: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_stream(chunks), content_type="application/jsonl")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


async def _stream(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks for ASGI, which would gather a plain iterator's whole output first."""
    while (chunk := await sync_to_async(next)(chunks, None)) is not None:
        yield chunk


def _upload_or_404(request: HttpRequest, upload_id: UUID) -> Upload:
    upload = upload_get(upload_id, request.user)
    if upload is None:
        raise Http404
    return upload
