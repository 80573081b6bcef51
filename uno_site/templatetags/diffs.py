"""What changed between two texts, shown word by word."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from uno_site.diffs import DiffPart, text_diff

register = template.Library()


@register.simple_tag
def diff(before: str, after: str) -> SafeString:
    """What leads from one text to the other; made here since every blank in it counts."""
    parts = format_html_join("", "{}", ((_part(part),) for part in text_diff(before, after)))
    return format_html('<div class="diff">{}</div>', parts)


def _part(part: DiffPart) -> str:
    tag = {"insert": "<ins>{}</ins>", "delete": "<del>{}</del>"}.get(part.kind)
    return format_html(tag, part.text) if tag else part.text
