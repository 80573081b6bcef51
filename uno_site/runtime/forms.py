"""The form of the settings page, made from the options."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from .options import OPTIONS, Option
from .services import runtime_values


class SettingsForm(forms.Form):
    """A field for every option, with what holds now."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial=runtime_values(), **kwargs)
        for name, option in OPTIONS.items():
            self.fields[name] = _field(option)
            self.fields[name].show_hidden_initial = True

    @property
    def changes(self) -> dict[str, Any]:
        """What was changed on the page. The other fields say only what held when it was loaded,
        which somebody else may have changed since."""
        untouched = {
            name
            for name in self.cleaned_data
            if name not in self.changed_data and self.add_initial_prefix(name) in self.data
        }
        return {n: value for n, value in self.cleaned_data.items() if n not in untouched}


def _field(option: Option) -> forms.Field:
    given = {"label": option.title, "help_text": f"{option.help} {_default(option)}"}
    if option.kind == "switch":
        return forms.BooleanField(required=False, **given)
    if option.kind == "choice":
        select = forms.Select(attrs={"class": "select"})
        return forms.ChoiceField(choices=option.choices, widget=select, **given)
    return forms.IntegerField(
        min_value=option.minimum,
        max_value=option.maximum,
        widget=forms.NumberInput(attrs={"class": "input"}),
        **given,
    )


def _default(option: Option) -> str:
    default = option.default()
    if option.kind == "switch":
        default = _("yes") if default else _("no")
    elif option.kind == "choice":
        default = dict(option.choices)[default]
    return _("Default: %(value)s.") % {"value": default}
