"""A person's own adapter: its switch, its queue, its versions. Everybody has this page, and sees
no other's."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from training.models import Adapter
from training.personal_selectors import personal_queue, personal_versions
from training.services.personal.forgetting import personal_forget
from training.services.personal.serving import personal_serve
from training.services.personal.updating import QUEUE
from uno_site.runtime.services import runtime_setting


@require_GET
def personal(request: HttpRequest) -> HttpResponse:
    """The person's adapter."""
    context = {
        "queue": personal_queue(request.user),
        "min_new": QUEUE.min_new,
        "versions": personal_versions(request.user),
        "is_allowed": runtime_setting("personal_adapters"),
    }
    return render(request, "training/personal.html", context)


@require_POST
def personal_use(request: HttpRequest, adapter_id: UUID) -> HttpResponse:
    """Be answered by another version of one's own adapter."""
    own = Adapter.objects.personal(request.user.pk)
    adapter = get_object_or_404(own, pk=adapter_id)
    personal_serve(adapter)
    messages.success(request, _("Version %(n)s answers you now.") % {"n": adapter.version})
    return redirect("training:personal")


@require_POST
def personal_delete(request: HttpRequest) -> HttpResponse:
    """Delete one's adapter, all its versions, and the queue."""
    personal_forget(request.user.pk, by=request.user)
    messages.success(request, _("Your personal adapter and its queue were deleted."))
    return redirect("training:personal")
