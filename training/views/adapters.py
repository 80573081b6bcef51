"""The adapter registry: what was learned, to promote, take off, or take along."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from training import selectors
from training.models import Adapter, AdapterState
from training.services.adapters import is_intact
from training.services.downloads import adapter_gguf, adapter_zip
from training.services.promotion import PROMOTABLE, promote, retire
from uno_site.accounts.permissions import admin_required, curator_required

PAGE_SIZE = 25
STATES = (*AdapterState.choices, ("tainted", "Tainted"))


@curator_required
def adapter_list(request: HttpRequest) -> HttpResponse:
    """Adapters, newest first, by state."""
    state = request.GET.get("state", "")
    adapters = selectors.adapter_list(request.user, state=state)
    page = Paginator(adapters, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "states": STATES}
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
        and not adapter.is_tainted,
        "promotions": adapter.promotions.select_related("table", "by"),
    }
    return render(request, "training/adapter_detail.html", context)


@curator_required
def adapter_download(request: HttpRequest, adapter_id: UUID, form: str) -> HttpResponse:
    """The adapter as a PEFT ZIP or as a GGUF file."""
    adapter = _adapter_or_404(request, adapter_id)
    if form == "gguf":
        path = adapter_gguf(adapter)
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"{adapter.name}.gguf")
    if form != "peft":
        raise Http404
    response = HttpResponse(adapter_zip(adapter), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{adapter.name}.zip"'
    return response


@admin_required
@require_POST
def adapter_promote(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """Serve the adapter."""
    adapter = _adapter_or_404(request, adapter_id)
    promotion = promote([adapter], request.user)
    messages.success(
        request,
        _("%(adapter)s is served now (%(table)s).")
        % {"adapter": adapter.name, "table": promotion.table},
    )
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
