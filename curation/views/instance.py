"""The instance's roles and its policy."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from curation.forms import BindingForm, PolicyForm
from curation.models import CurationPolicy, RoleName
from curation.roles.bindings import binding_get, binding_update
from curation.roles.overview import roles_overview
from curation.services.policy import policy_update
from uno_site.accounts.permissions import admin_required, curator_required
from uno_site.errors import Conflict, InvalidInput
from uno_site.jobs.services import active_jobs, job_enqueue

CHECK = "curation.check_roles"


@curator_required
@require_GET
def role_list(request: HttpRequest) -> HttpResponse:
    """Who does what inside the loop, how well, and what happens where nobody can."""
    context = {"roles": roles_overview(), "job": active_jobs(CHECK).first()}
    return render(request, "curation/role_list.html", context)


@admin_required
@require_http_methods(["GET", "POST"])
def role_edit(request: HttpRequest, role: str) -> HttpResponse:
    """Bind a role to another model; it is checked at once."""
    binding = binding_get(_known_role(role))
    form = BindingForm(request.POST or None, instance=binding)
    if request.method == "POST" and form.is_valid():
        binding_update(binding=binding_get(role), values=form.cleaned_data, by=request.user)
        job_enqueue(kind=CHECK, params={"role": role}, by=request.user)
        messages.success(request, _("Saved. The role is being checked."))
        return redirect("curation:roles")
    return render(request, "curation/role_form.html", {"form": form, "binding": binding})


@curator_required
@require_POST
def role_check(request: HttpRequest) -> HttpResponse:
    """Check one role, or all of them, again."""
    role = request.POST.get("role", "")
    params = {"role": _known_role(role)} if role else {}
    job_enqueue(kind=CHECK, params=params, by=request.user)
    messages.success(request, _("The check has been queued."))
    return redirect("curation:roles")


@curator_required
@require_http_methods(["GET", "POST"])
def policy_page(request: HttpRequest) -> HttpResponse:
    """The policy; curators may read it, admins change it."""
    if request.method == "POST":
        return _policy_save(request)
    form = PolicyForm(instance=CurationPolicy.current())
    return _policy_render(request, form)


@admin_required
def _policy_save(request: HttpRequest) -> HttpResponse:
    policy = CurationPolicy.current()
    if request.POST.get("seen", (seen := stamp(policy))) != seen:
        raise Conflict(
            _("This one was changed meanwhile."), remedy=_("Load the page again to see how.")
        )
    form = PolicyForm(request.POST, instance=policy)
    if not form.is_valid():
        return _policy_render(request, form)
    policy_update(values=form.cleaned_data, by=request.user)
    messages.success(request, _("The policy is saved."))
    return redirect("curation:policy")


def _policy_render(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    if not request.user.is_admin:
        for field in form.fields.values():
            field.disabled = True
    context = {"form": form, "seen": stamp(CurationPolicy.current())}
    return render(request, "curation/policy_form.html", context)


def stamp(policy: CurationPolicy) -> str:
    """What tells whether somebody else saved the policy since a page was loaded."""
    return policy.updated_at.isoformat()


def _known_role(role: str) -> str:
    if role not in RoleName.values:
        raise InvalidInput(
            _("There is no role %(role)s.") % {"role": f"{role!r}"},
            remedy=_("Known: %(roles)s.") % {"roles": ", ".join(RoleName)},
        )
    return role
