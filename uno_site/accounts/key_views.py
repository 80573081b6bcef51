"""Pages of the API keys: one's own on the profile, everybody's for admins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from .api_keys import api_key_create, api_key_revoke
from .forms import ApiKeyForm
from .models import ApiKey
from .permissions import admin_required
from .selectors import USAGE_DAYS, keys_with_usage, usage_by_day, usage_total

PAGE_SIZE = 50


@never_cache
@require_http_methods(["GET", "POST"])
def api_keys(request: HttpRequest) -> HttpResponse:
    """One's own keys, and a form for a new one, which is shown in the answer and never again."""
    form, token = ApiKeyForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        _key, token = api_key_create(
            user=request.user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at,
        )
        form = ApiKeyForm()
    keys = keys_with_usage(request.user.api_keys.all())
    page = Paginator(keys, PAGE_SIZE).get_page(request.GET.get("page"))
    base_url = request.build_absolute_uri("/v1")
    context = {"form": form, "token": token, "page": page, "base_url": base_url}
    return render(request, "accounts/apikey_list.html", context)


@require_GET
def api_key_detail(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """One key, and what it was used for."""
    key = _visible_key(request, key_id)
    days = usage_by_day(key)
    context = {"key": key, "days": days, "total": usage_total(key), "n_days": USAGE_DAYS}
    return render(request, "accounts/apikey_detail.html", context)


@require_POST
def api_key_revoke_view(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Revoke a key: one's own, or as an admin anybody's."""
    key = _visible_key(request, key_id)
    api_key_revoke(key=key, by=request.user)
    messages.success(request, _("“%(name)s” lets nobody in any more.") % {"name": key.name})
    return redirect("accounts:api-key", key.pk)


@admin_required
@require_GET
def api_keys_all(request: HttpRequest) -> HttpResponse:
    """Everybody's keys, for admins; ``?q=`` filters by the owner's name."""
    keys, search = keys_with_usage(ApiKey.objects.all()), request.GET.get("q", "").strip()
    if search:
        keys = keys.filter(user__username__icontains=search)
    page = Paginator(keys, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "accounts/apikey_all.html", {"page": page, "search": search})


def _visible_key(request: HttpRequest, key_id: UUID) -> ApiKey:
    visible = ApiKey.objects.visible_to(request.user).select_related("user")
    return get_object_or_404(visible, pk=key_id)
