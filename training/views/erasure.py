"""Erasing a person for good: an admin reads what goes, and types the name."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from training.services.erasure import person_erase
from uno_site.accounts.models import User
from uno_site.accounts.permissions import admin_required
from uno_site.errors import Conflict


@admin_required
@require_http_methods(["GET", "POST"])
def person_erase_page(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """What goes with the account; typed the name, it is gone, and the receipt is shown."""
    person = get_object_or_404(User, pk=user_id)
    if request.method == "POST":
        if request.POST.get("name", "") != person.username:
            raise Conflict(
                _("The name is not the account's. Nothing was erased."),
                remedy=_("Type “%(name)s” exactly as it stands there.") % {"name": person.username},
            )
        person_erase(user=person, by=request.user)
        messages.success(request, _("The account is erased. The receipt lists what went with it."))
        return redirect("curation:receipts")
    return render(request, "training/erase_person.html", {"person": person})
