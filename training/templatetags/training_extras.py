"""Small helps for the training templates."""

from __future__ import annotations

from typing import Any

from django import template

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
