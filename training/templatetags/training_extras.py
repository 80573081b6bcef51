"""Small helps for the training templates."""

from __future__ import annotations

from typing import Any

from django import template

from chat.models import RouteKind
from training.services.evaluation.export import show

register = template.Library()


@register.filter
def prefixed(value: Any, prefix: str) -> str:
    """``prefix-value``: an element's id."""
    return f"{prefix}-{value}"


@register.filter
def percent(value: Any, digits: int = 0) -> str:
    """A share in [0, 1] as a percentage; a dash where there is none."""
    return f"{100 * value:.{digits}f} %" if isinstance(value, int | float) else "–"


@register.filter
def join_list(value: Any) -> Any:
    """A list as words with commas; anything else as it is."""
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value


@register.filter
def kind_label(kind: str) -> str:
    """What answers, in words: "expert", "critic" or "base"."""
    return str(RouteKind(kind).label)


@register.filter
def interval(estimate: Any) -> str:
    """An estimate with its interval: "0.83 [0.79, 0.86]"; a dash where there is none.

    Of one value alone no interval can be drawn: it stands by itself.
    """
    if estimate and estimate.get("n") == 1 and estimate["low"] == estimate["high"]:
        return f"{estimate['mean']:.2f}"
    return show(estimate or None)
