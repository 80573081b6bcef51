"""Admins' pages: who has an account, and invitations."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from uno_site.errors import InvalidInput

from .consents import ANSWER_LABELS, consent_totals, consents_csv, people_by_consent
from .forms import InvitationForm, QuotaForm
from .models import Invitation, Role, User
from .permissions import admin_required
from .quotas import quota_set
from .services import invitation_create, invitation_revoke, user_set_active, user_set_role

PAGE_SIZE = 50


@admin_required
@require_GET
def user_list(request: HttpRequest) -> HttpResponse:
    """Everybody, by name; ``?q=`` filters."""
    users, search = User.objects.order_by("username"), request.GET.get("q", "").strip()
    if search:
        users = users.filter(username__icontains=search)
    page = Paginator(users, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "roles": Role.choices, "search": search}
    return render(request, "accounts/user_list.html", context)


@admin_required
@require_GET
def consent_overview(request: HttpRequest) -> HttpResponse:
    """Whose logs may train, and since when; ``?answer=`` and ``?q=`` filter."""
    answer, search = request.GET.get("answer", ""), request.GET.get("q", "").strip()
    people = Paginator(people_by_consent(answer, search), PAGE_SIZE)
    context = {
        "page": people.get_page(request.GET.get("page")),
        "totals": consent_totals(),
        "answers": ANSWER_LABELS,
        "answer": answer,
        "search": search,
    }
    return render(request, "accounts/consent_overview.html", context)


@admin_required
@require_GET
def consent_file(request: HttpRequest) -> HttpResponse:
    """The answers of everybody, for the record of whoever answers for the machine."""
    text = consents_csv(people_by_consent("", "").iterator(chunk_size=500))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="uno-consents.csv"'
    return response


@admin_required
@require_POST
def user_role(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Change somebody's role."""
    user = get_object_or_404(User, pk=user_id)
    user_set_role(user=user, role=request.POST.get("role", ""), by=request.user)
    text = _("%(name)s is now: %(role)s.")
    messages.success(request, text % {"name": user.username, "role": user.get_role_display()})
    return redirect("accounts:users")


@admin_required
@require_POST
def user_active(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let somebody in, or shut them out."""
    user = get_object_or_404(User, pk=user_id)
    is_active = request.POST.get("is_active") == "true"
    user_set_active(user=user, is_active=is_active, by=request.user)
    text = _("%(name)s can sign in again.") if is_active else _("%(name)s can no longer sign in.")
    messages.success(request, text % {"name": user.username})
    return redirect("accounts:users")


@admin_required
@require_POST
def user_quota(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Give somebody a quota of their own, or their role's again."""
    user = get_object_or_404(User, pk=user_id)
    form = QuotaForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(
            _("That is no quota."), remedy=_("Give whole numbers, or leave a field empty.")
        )
    quota_set(user=user, by=request.user, **form.cleaned_data)
    messages.success(request, _("The quota of %(name)s is saved.") % {"name": user.username})
    return redirect("accounts:users")


@admin_required
@require_http_methods(["GET", "POST"])
def invitation_list(request: HttpRequest) -> HttpResponse:
    """Invitations, and a form for a new one."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        invitation_create(by=request.user, **form.cleaned_data)
        messages.success(request, _("The invitation is ready: copy its link."))
        return redirect("accounts:invitations")
    invitations = Invitation.objects.select_related("created_by", "accepted_by")
    page = Paginator(invitations, PAGE_SIZE).get_page(request.GET.get("page"))
    base_url = request.build_absolute_uri("/").rstrip("/")
    context = {"page": page, "form": form, "base_url": base_url}
    return render(request, "accounts/invitation_list.html", context)


@admin_required
@require_POST
def invitation_revoke_view(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Close an invitation."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    invitation_revoke(invitation=invitation, by=request.user)
    messages.success(request, _("The invitation was withdrawn."))
    return redirect("accounts:invitations")
