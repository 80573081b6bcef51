"""Tags of the curation rooms' templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chat.models import Reason
from curation.diffs import DiffPart, text_diff
from curation.models import ReviewState
from curation.selectors import overview_counts
from curation.services.flags import flag_label

register = template.Library()
register.filter("flag_label", flag_label)

LEVELS = {
    ReviewState.PROPOSED: "info",
    ReviewState.APPROVED: "ok",
    ReviewState.REJECTED: "bad",
    "distilled": "ok",
    "pending": "info",
    "failed": "bad",
    "expert": "accent",
    "critic": "info",
}


@register.inclusion_tag("curation/subnav.html", takes_context=True)
def curation_nav(context: Any, here: str) -> dict[str, Any]:
    """The rooms' tabs with what waits in each; ``here`` is the open one."""
    return {"here": here, "counts": overview_counts(), "user": context["request"].user}


@register.simple_tag
def diff(before: str, after: str) -> SafeString:
    """What leads from one text to the other; made here since every blank in it counts."""
    parts = format_html_join("", "{}", ((_part(part),) for part in text_diff(before, after)))
    return format_html('<div class="diff">{}</div>', parts)


def _part(part: DiffPart) -> str:
    tag = {"insert": "<ins>{}</ins>", "delete": "<del>{}</del>"}.get(part.kind)
    return format_html(tag, part.text) if tag else part.text


@register.filter
def badge_level(state: str) -> str:
    """The colour of a state's badge."""
    return LEVELS.get(state, "")


@register.filter
def reason_label(key: str) -> str:
    """A reason chip's words."""
    return Reason(key).label if key in Reason.values else key.replace("_", " ")


@register.filter
def figure(value: float | None, digits: int = 2) -> str:
    """A number with a fixed count of decimals, or a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


@register.filter
def share(value: float | None) -> str:
    """A share in [0, 1] as a percentage, or a dash."""
    return "–" if value is None else f"{100 * value:.0f} %"
