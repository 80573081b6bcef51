"""Markdown in templates."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString, mark_safe

from chat.markdown import render_markdown

register = template.Library()


@register.filter
def markdown(text: str | None) -> SafeString:
    """Safe HTML of Markdown: ``{{ reply|markdown }}`` inside an element of class ``prose``."""
    return mark_safe(render_markdown(text or ""))  # noqa: S308 - cleaned by nh3
