"""Tags of the curation rooms' templates."""

from __future__ import annotations

from typing import Any

from django import template

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
def diff_parts(before: str, after: str) -> list[DiffPart]:
    """The stretches that lead from one text to the other."""
    return text_diff(before, after)


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
