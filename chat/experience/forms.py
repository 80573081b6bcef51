"""Forms of the notes' pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.experience.models import Experience, Kind, Matching, Status
from chat.experience.models.experiences import MAX_CONTENT, MAX_TRIGGER


class NoteForm(forms.Form):
    """A note's text, and which questions it is for."""

    matching = forms.TypedChoiceField(
        label=_("Which questions it is for"),
        choices=Matching.choices,
        required=False,
        empty_value=Matching.MEANING,
        initial=Matching.MEANING,
        widget=forms.Select(attrs={"class": "select"}),
    )
    trigger = forms.CharField(
        label=_("When it is of use"),
        help_text=_("A question like yours, or the words; not needed for every question."),
        max_length=MAX_TRIGGER,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "dir": "auto"}),
    )
    content = forms.CharField(
        label=_("The note"),
        help_text=_("One thing, in a sentence or two: the model is shown it as you write it."),
        max_length=MAX_CONTENT,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 3, "dir": "auto"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"), choices=Kind.choices, widget=forms.Select(attrs={"class": "select"})
    )

    @classmethod
    def of(cls, note: Experience, data: Any = None) -> NoteForm:
        """The form for changing ``note``."""
        names = ("matching", "trigger", "content", "kind")
        return cls(data, initial={name: getattr(note, name) for name in names})


class NoteFilterForm(forms.Form):
    """Which of the notes are listed."""

    q = forms.CharField(label=_("Search in notes"), required=False, max_length=200)
    whose = forms.ChoiceField(
        label=_("Whose"),
        required=False,
        choices=[("", _("My notes")), ("shared", _("Shared with me"))],
        widget=forms.Select(attrs={"class": "select select--small"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("Every kind")), *Kind.choices],
        widget=forms.Select(attrs={"class": "select select--small"}),
    )
    status = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Every state")), *Status.choices],
        widget=forms.Select(attrs={"class": "select select--small"}),
    )

    @property
    def is_active(self) -> bool:
        """Whether anything is filtered."""
        return any(self.chosen.values())

    @property
    def chosen(self) -> dict[str, str]:
        """What was chosen; nothing of what is not valid."""
        return self.cleaned_data if self.is_valid() else {}


class NotesFileForm(forms.Form):
    """A file of notes to take in."""

    file = forms.FileField(label=_("File"))
