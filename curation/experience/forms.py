"""What curators fill in about notes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from chat.experience.models import Experience, Kind, Matching, Scope, Status
from curation.ml.experience.filters import MAX_CHARS


class NoteFilter(forms.Form):
    """Which notes are listed; it stands in the address."""

    q = forms.CharField(label=_("Search"), required=False)
    status = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any state")), *Status.choices], required=False
    )
    scope = forms.ChoiceField(
        label=_("For whom"), choices=[("", _("For anybody")), *Scope.choices], required=False
    )
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("Any kind")), *Kind.choices], required=False
    )
    disputed = forms.ChoiceField(
        label=_("Said to be wrong"),
        choices=[("", _("Said to be wrong or not")), ("yes", _("Said to be wrong"))],
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("status", "scope", "kind", "disputed"):
            self.fields[name].widget.attrs["class"] = "select select--small"

    @property
    def is_active(self) -> bool:
        """Whether anything is left out."""
        return self.is_valid() and any(self.cleaned_data.values())

    def apply(self, rows: QuerySet[Experience]) -> QuerySet[Experience]:
        """The rows that pass."""
        if not self.is_valid():
            return rows
        values: dict[str, Any] = self.cleaned_data
        for name in ("status", "scope", "kind"):
            rows = rows.filter(**{name: values[name]}) if values[name] else rows
        if values["disputed"]:
            rows = rows.filter(Q(flags__icontains="disputed") | Q(evidence__is_for=False))
        if words := values["q"].strip():
            rows = rows.filter(Q(trigger__icontains=words) | Q(content__icontains=words))
        return rows


class NoteForm(forms.Form):
    """A note's text, and which questions it is for, changed by a curator."""

    matching = forms.TypedChoiceField(
        label=_("Which questions it is for"),
        choices=Matching.choices,
        required=False,
        empty_value=Matching.MEANING,
    )
    trigger = forms.CharField(
        label=_("When"),
        max_length=300,
        required=False,
        help_text=_("What is asked then, or the words; not needed for every question."),
    )
    content = forms.CharField(
        label=_("Note"),
        max_length=MAX_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One sentence that stands on its own."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)


class PromoteForm(forms.Form):
    """With whom a note is shared."""

    group = forms.ModelChoiceField(
        label=_("Share with"),
        queryset=Group.objects.order_by("name"),
        required=False,
        empty_label=_("Everybody"),
    )


class OriginForm(forms.Form):
    """A deployment whose signature is trusted."""

    name = forms.CharField(label=_("Name"), max_length=120)
    public_key = forms.CharField(
        label=_("Public key"), max_length=120, help_text=_("The 44 characters that it shows.")
    )


class NoteFileForm(forms.Form):
    """A signed file of another deployment."""

    file = forms.FileField(label=_("File"))
