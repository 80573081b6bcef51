"""The adapter registry: what was learned, to promote, take off, or take along."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST

from training import selectors
from training.forms import AdapterUploadForm
from training.ml.config import EDIT_KINDS
from training.models import CLUSTER_KINDS, Adapter, AdapterState
from training.services.adapter_archive import MAX_ZIP_BYTES
from training.services.adapter_upload import adapter_upload
from training.services.adapters import is_intact
from training.services.canary import canary_serve, canary_stop
from training.services.downloads import adapter_gguf, adapter_zip
from training.services.promotion import promote, retire
from training.services.publishing import PROMOTABLE
from uno_site.accounts.permissions import admin_required, curator_required
from uno_site.errors import Conflict, InvalidInput

PAGE_SIZE = 25
EVERYBODY = 100
COLUMNS = (
    (_lazy("Adapter"), ""),
    (_lazy("Cluster"), ""),
    (_lazy("Kind"), ""),
    (_lazy("State"), ""),
    (_lazy("Made"), ""),
)
STATES = (*AdapterState.choices, ("tainted", _lazy("Tainted")))


@curator_required
def adapter_list(request: HttpRequest) -> HttpResponse:
    """Adapters, newest first, by state."""
    state = request.GET.get("state", "")
    adapters = selectors.adapter_list(request.user, state=state)
    page = Paginator(adapters, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "columns": COLUMNS, "state": state, "states": STATES}
    return render(request, "training/adapter_list.html", context)


@curator_required
def adapter_detail(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """One adapter: where it comes from, what verification said, where it was served."""
    adapter = _adapter_or_404(request, adapter_id)
    context = {
        "adapter": adapter,
        "verification": getattr(adapter.run, "verification", None),
        "is_intact": is_intact(adapter),
        "is_promotable": adapter.state in PROMOTABLE
        and adapter.state != AdapterState.SERVED
        and adapter.kind in CLUSTER_KINDS
        and not adapter.is_tainted,
        "is_arm": adapter.kind in EDIT_KINDS,
        "promotions": adapter.promotions.select_related("table", "by"),
    }
    return render(request, "training/adapter_detail.html", context)


@curator_required
def adapter_download(request: HttpRequest, adapter_id: UUID, form: str) -> HttpResponse:
    """The adapter as a PEFT ZIP or as a GGUF file; a person's own leaves with nobody."""
    adapter = _adapter_or_404(request, adapter_id)
    if adapter.owner_key is not None:
        raise Http404
    if form == "gguf":
        path = adapter_gguf(adapter)
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"{adapter.name}.gguf")
    if form != "peft":
        raise Http404
    response = HttpResponse(adapter_zip(adapter), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{adapter.name}.zip"'
    return response


@admin_required
@require_http_methods(["GET", "POST"])
def adapter_upload_form(request: HttpRequest) -> HttpResponse:
    """Bring an adapter along from elsewhere; it is verified before it may be served."""
    form = AdapterUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            adapter = adapter_upload(by=request.user, **form.cleaned_data)
        except (InvalidInput, Conflict) as error:
            form.add_error("file", str(error))
        else:
            messages.success(
                request, _("%(name)s is here and waits to be verified.") % {"name": adapter.name}
            )
            return redirect("training:adapter_detail", adapter.pk)
    context = {"form": form, "limit": MAX_ZIP_BYTES // 2**20}
    status = 400 if form.errors else 200
    return render(request, "training/adapter_upload.html", context, status=status)


@admin_required
@require_POST
def adapter_promote(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """Serve the adapter to everybody, or to a share of its cluster's conversations first."""
    adapter = _adapter_or_404(request, adapter_id)
    percent = _percent(request)
    options = {"is_wide_allowed": "is_wide_allowed" in request.POST}
    reason = request.POST.get("reason", "")
    if percent == EVERYBODY:
        promotion = promote([adapter], request.user, reason, **options)
        said = _("%(adapter)s is served now (%(table)s).")
    else:
        promotion = canary_serve(adapter, percent, request.user, reason, **options)
        said = _("%(adapter)s answers %(percent)s %% of its conversations now (%(table)s).")
    values = {"adapter": adapter.name, "table": promotion.table, "percent": percent}
    messages.success(request, said % values)
    return redirect("training:routes")


def _percent(request: HttpRequest) -> int:
    """The share that was asked for, in per cent."""
    given = request.POST.get("percent", "").strip() or str(EVERYBODY)
    if not given.isdecimal() or len(given) > len(str(EVERYBODY)):
        raise InvalidInput(
            _("“%(given)s” is no share.") % {"given": given[:20]},
            remedy=_("Give a whole number from 1 to 100."),
        )
    return int(given)


@admin_required
@require_POST
def adapter_stop_canary(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """Roll the adapter's canary back."""
    adapter = _adapter_or_404(request, adapter_id)
    canary_stop(adapter, request.user)
    messages.success(request, _("%(name)s no longer answers anybody.") % {"name": adapter.name})
    return redirect("training:routes")


@admin_required
@require_POST
def adapter_retire(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """Take the adapter off."""
    adapter = _adapter_or_404(request, adapter_id)
    retire(adapter, request.user)
    messages.success(request, _("%(name)s was taken off.") % {"name": adapter.name})
    return redirect("training:routes")


def _adapter_or_404(request: HttpRequest, adapter_id: UUID) -> Adapter:
    adapters = Adapter.objects.visible_to(request.user).select_related("run", "cluster")
    return get_object_or_404(adapters, pk=adapter_id)
