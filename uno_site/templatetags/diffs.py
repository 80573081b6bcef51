"""What changed between two texts, shown word by word."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from uno_site.diffs import DiffPart, text_diff

register = template.Library()

GAP = DiffPart("same", "\n\n")
"""Between a text and the one that took its place."""


@register.simple_tag
def diff(before: str, after: str, *, is_beside: bool = False) -> SafeString:
    """What leads from one text to the other; made here since every blank in it counts.

    With ``is_beside`` the text before stands beside it, and is not repeated where nothing of
    it was kept.
    """
    found = text_diff(before, after)
    if [part.kind for part in found] == ["delete", "insert"]:
        found = found[1:] if is_beside else [found[0], GAP, found[1]]
    parts = format_html_join("", "{}", ((_part(part),) for part in found))
    return format_html('<div class="diff">{}</div>', parts)


def _part(part: DiffPart) -> str:
    tag = {"insert": "<ins>{}</ins>", "delete": "<del>{}</del>"}.get(part.kind)
    return format_html(tag, part.text) if tag else part.text
