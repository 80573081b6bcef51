"""Icons and badges: the parts that a page holds by the hundred.

Tags and not templates, since an ``include`` costs about as much as a row's other parts together.
They are built in: no template loads them.
"""

from __future__ import annotations

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

ICONS = "vendor/lucide/icons.svg"


@register.simple_tag
@cache
def icon(name: str, size: str = "") -> SafeString:
    """An icon of the sprite by its Lucide name, hidden from screen readers; ``size``: ``l``."""
    more = f" icon--{size}" if size else ""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        more,
        static(ICONS),
        name,
    )


@register.simple_tag
def badge(text: str, level: str = "", title: str = "") -> SafeString:
    """A short state: ``level`` is ok, info, warn, bad, accent or outline; ``title`` a tooltip."""
    return format_html(
        '<span class="badge{}"{}>{}</span>',
        f" badge--{level}" if level else "",
        format_html(' title="{}"', title) if title else "",
        text,
    )
