"""Forms of the account pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from uno_site.errors import UnoError
from uno_site.runtime.options import MAX_QUOTA

from .models import Invitation, Scope, User
from .services import sign_in_check, sign_in_failed


class SignInForm(AuthenticationForm):
    """Django's form, with a pause after too many failures."""

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username") or ""
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        try:
            sign_in_check(username, address)
        except UnoError as error:
            raise ValidationError(str(error)) from error
        try:
            return super().clean()
        except ValidationError:
            sign_in_failed(username, address)
            raise


class SignUpForm(UserCreationForm):
    """A new account."""

    class Meta:
        model = User
        fields = ("username", "email")

    email = forms.EmailField(label=_("E-mail"), required=False)


class InvitationForm(forms.ModelForm):
    """A new invitation."""

    class Meta:
        model = Invitation
        fields = ("role", "email")
        labels = {"role": _("Role"), "email": _("For (optional)")}
        widgets = {"email": forms.EmailInput(attrs={"placeholder": _("name@example.org")})}


class ApiKeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": _("What it is for")}),
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        required=False,
        empty_value=0,
        initial=90,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), (0, _("no limit"))],
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may be used for"),
        choices=Scope.choices,
        initial=Scope.values,
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def expires_at(self) -> datetime | None:
        """When the key's time is over; None for never."""
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None


class QuotaForm(forms.Form):
    """A person's own quota; an empty field leaves them their role's."""

    daily_messages = forms.IntegerField(min_value=0, max_value=MAX_QUOTA, required=False)
    daily_tokens = forms.IntegerField(min_value=0, max_value=MAX_QUOTA, required=False)
