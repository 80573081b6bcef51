"""A person's preferences: what their edits said, and what they wrote themselves. Everybody has
this page, and sees no other's."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from chat.models import Preference
from chat.preferences import K_NEAREST, MAX_PREFERENCES
from chat.services.preferences import (
    MAX_CHARS,
    preference_add,
    preference_change,
    preference_delete,
    preferences_forget,
)
from uno_site.accounts.services import preferences_switch

PAGE_SIZE = 30


def own_preference(request: HttpRequest, preference_id: UUID) -> Preference:
    """The preference, if it is the requesting person's own; 404 otherwise."""
    return get_object_or_404(Preference.objects.visible_to(request.user), pk=preference_id)


@require_GET
def preferences(request: HttpRequest) -> HttpResponse:
    """The switch, the preferences, and a field for one more."""
    own = Preference.objects.visible_to(request.user).select_related("reply")
    context = {
        "page": Paginator(own, PAGE_SIZE).get_page(request.GET.get("page")),
        "max_chars": MAX_CHARS,
        "k": K_NEAREST,
        "n_most": MAX_PREFERENCES,
    }
    return render(request, "chat/preferences.html", context)


@require_POST
def preferences_switch_view(request: HttpRequest) -> HttpResponse:
    """Have one's preferences go with one's questions, or not."""
    is_on = request.POST.get("is_on") == "yes"
    preferences_switch(user=request.user, is_on=is_on)
    text = (
        _("Your preferences go with your questions from now on.")
        if is_on
        else _("Your preferences are kept, and go with no question.")
    )
    messages.success(request, text)
    return redirect("chat:preferences")


@require_POST
def preference_add_view(request: HttpRequest) -> HttpResponse:
    """Keep one more, in the person's own words."""
    preference_add(user=request.user, text=request.POST.get("text", ""))
    messages.success(request, _("Your preference is kept."))
    return redirect("chat:preferences")


@require_POST
def preference_change_view(request: HttpRequest, preference_id: UUID) -> HttpResponse:
    """Give one other words."""
    preference = own_preference(request, preference_id)
    preference_change(preference=preference, text=request.POST.get("text", ""))
    messages.success(request, _("Your preference is changed."))
    return redirect("chat:preferences")


@require_POST
def preference_delete_view(request: HttpRequest, preference_id: UUID) -> HttpResponse:
    """Delete one."""
    preference_delete(preference=own_preference(request, preference_id))
    messages.success(request, _("Your preference is deleted."))
    return redirect("chat:preferences")


@require_POST
def preferences_forget_view(request: HttpRequest) -> HttpResponse:
    """Delete all."""
    n = preferences_forget(request.user)
    text = ngettext("%(n)s preference was deleted.", "%(n)s preferences were deleted.", n)
    messages.success(request, text % {"n": n})
    return redirect("chat:preferences")
