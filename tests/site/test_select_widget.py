"""The project's own template of a select says what Django's says."""

import re

from django import forms
from django.forms.renderers import DjangoTemplates

CHOICES = [
    ("", "Any <cluster>"),
    ("Tips", [("1", 'Tips & "tricks"'), ("2", "More tips")]),
    (3, "Plans"),
]


class WithTitles(forms.Select):
    """A select whose options have attributes, some of them without a value."""

    def create_option(self, *args, **kwargs):
        option = super().create_option(*args, **kwargs)
        option["attrs"] |= {"data-n": option["index"], "disabled": option["value"] == "2"}
        return option


class Filter(forms.Form):
    """A select of each kind."""

    one = forms.ChoiceField(choices=CHOICES)
    titled = forms.ChoiceField(choices=CHOICES, widget=WithTitles(attrs={"class": "select"}))
    many = forms.MultipleChoiceField(choices=CHOICES)


def without_blanks(html: str) -> str:
    return re.sub(r">\s+<", "><", html).strip()


def test_it_is_djangos_without_the_blanks():
    data = {"one": "1", "titled": "3", "many": ["1", "3"]}
    ours, djangos = Filter(data), Filter(data, renderer=DjangoTemplates())
    for name in ours.fields:
        html = without_blanks(str(ours[name]))
        assert html == without_blanks(str(djangos[name]))
        assert " selected" in html
    assert "Tips &amp; &quot;tricks&quot;" in str(ours["one"])
    assert "disabled" in str(ours["titled"])
