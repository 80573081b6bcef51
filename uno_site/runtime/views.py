"""The settings page: what may be changed here, and what the environment says."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from uno_site.accounts.permissions import admin_required

from .environment import variables
from .forms import SettingsForm
from .services import runtime_settings_change


@admin_required
@require_http_methods(["GET", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Change settings at run time."""
    form = SettingsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        changed = runtime_settings_change(values=form.changes, by=request.user)
        text = _("Saved; it holds at once.") if changed else _("Nothing was changed.")
        messages.success(request, text)
        return redirect("runtime:settings")
    context = {"form": form, "variables": variables()}
    status = 400 if form.errors else 200
    return render(request, "runtime/settings.html", context, status=status)
