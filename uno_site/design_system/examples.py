"""The examples: each a template of its own, shown as it looks and as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FOLDER = "design_system/examples"


@dataclass(frozen=True)
class Example:
    """One part of the design; ``template`` is the example's path among the templates."""

    name: str

    @property
    def template(self) -> str:
        return f"{FOLDER}/{self.name}.html"

    @property
    def source(self) -> str:
        """The example as it is written."""
        return str(get_template(self.template).template.source).strip()


@dataclass(frozen=True)
class Section:
    """Examples under one heading; ``key`` is its anchor."""

    key: str
    title: str | Promise
    examples: Sequence[Example]


def sections() -> Sequence[Section]:
    """Every example, in the order in which the page shows them."""
    return [
        Section(key, title, [Example(name) for name in names]) for key, title, names in _SECTIONS
    ]


_SECTIONS: Sequence[tuple[str, str | Promise, Sequence[str]]] = (
    ("text", _("Text"), ("text", "prose")),
    ("layout", _("Layout"), ("layout", "page_header")),
    ("buttons", _("Buttons and menus"), ("buttons", "menu", "theme")),
    ("navigation", _("Navigation"), ("tabs", "pagination")),
    ("states", _("States"), ("badges", "alerts", "error", "toasts", "empty", "progress")),
    ("forms", _("Forms"), ("form", "choices", "filters", "dialog")),
    ("surfaces", _("Surfaces"), ("cards", "stats")),
    ("tables", _("Tables and lists"), ("list", "table", "lists")),
    ("diffs", _("Comparing texts"), ("diff",)),
)
