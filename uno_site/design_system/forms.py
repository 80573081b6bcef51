"""A form of one field of each kind."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_NAME = 40


class SampleForm(forms.Form):
    """Checked as any other, and kept nowhere."""

    name = forms.CharField(
        label=_("Name"), max_length=MAX_NAME, help_text=_("Up to 40 characters.")
    )
    note = forms.CharField(label=_("Comment"), widget=forms.Textarea({"rows": 2}), required=False)
    share = forms.FloatField(label=_("Share"), min_value=0, max_value=1, initial=0.1)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[("user", _("User")), ("curator", _("Curator")), ("admin", _("Admin"))],
    )
    file = forms.FileField(label=_("File"), required=False)
    is_on = forms.BooleanField(label=_("Use it"), required=False)
