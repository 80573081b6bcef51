"""Signing in and up, one's own profile, and the consent question."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from uno_site.errors import InvalidInput

from .forms import SignInForm, SignUpForm
from .models import Invitation
from .quotas import quota_of
from .services import (
    consent_set,
    is_sign_up_open,
    language_set,
    personal_adapter_switch,
    user_sign_up,
)

BACKEND = "django.contrib.auth.backends.ModelBackend"


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    """Sign in; people who are signed in already go on."""

    form_class = SignInForm
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return super().get_context_data(**kwargs) | {"is_sign_up_open": is_sign_up_open()}


class PasswordView(PasswordChangeView):
    """Change one's own password."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:profile")

    def form_valid(self, form: object) -> HttpResponse:
        messages.success(self.request, _("Your password was changed."))
        return super().form_valid(form)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open sign-up, where the setting allows it or nobody has an account yet."""
    if not is_sign_up_open():
        raise Http404
    return _sign_up(request, None)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Sign up with an invitation."""
    invitation = get_object_or_404(Invitation, token=token)
    if not invitation.is_open:
        return render(request, "accounts/invitation_closed.html", status=410)
    return _sign_up(request, invitation)


def _sign_up(request: HttpRequest, invitation: Invitation | None) -> HttpResponse:
    initial = {"email": invitation.email} if invitation else {}
    form = SignUpForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        user = user_sign_up(
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password1"],
            email=form.cleaned_data["email"],
            invitation=invitation,
        )
        login(request, user, backend=BACKEND)
        return redirect("chat:home")
    return render(request, "accounts/signup.html", {"form": form, "invitation": invitation})


@require_GET
def profile(request: HttpRequest) -> HttpResponse:
    """One's own account: name, role, consent and its history."""
    context = {
        "events": request.user.consent_events.all(),
        "quota": quota_of(request.user),
        "languages": settings.LANGUAGES,
    }
    return render(request, "accounts/profile.html", context)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Choose the language of one's pages."""
    language_set(user=request.user, language=request.POST.get("language", ""))
    return redirect("accounts:profile")


@require_http_methods(["GET", "POST"])
def consent(request: HttpRequest) -> HttpResponse:
    """Ask whether one's conversations may train the model; the answer can change any time."""
    target = _safe_target(request)
    if request.method == "GET":
        return render(request, "accounts/consent.html", {"next": target})
    answer = request.POST.get("answer")
    if answer not in ("yes", "no"):
        raise InvalidInput(_("The question was not answered."), remedy=_("Choose yes or no."))
    consent_set(user=request.user, has_consented=answer == "yes")
    messages.success(
        request,
        _("Thank you. Your corrections may be learned from.")
        if answer == "yes"
        else _("Understood. Nothing of yours is used for training."),
    )
    return redirect(target)


@require_POST
def personal_switch(request: HttpRequest) -> HttpResponse:
    """Switch one's personal adapter on or off, from the chat or a page about it."""
    is_on = request.POST.get("is_on") == "yes"
    personal_adapter_switch(user=request.user, is_on=is_on)
    messages.success(
        request,
        _("Your personal adapter is on: it learns from what you say about replies.")
        if is_on
        else _("Your personal adapter is off: it neither learns nor answers."),
    )
    return redirect(_safe_target(request))


def _safe_target(request: HttpRequest) -> str:
    """Where to go on, if that is a page of this site."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else "/"
