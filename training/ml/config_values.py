"""Checking the values of a configuration."""

from __future__ import annotations

from typing import Any

from .errors import ConfigInvalid


def require(is_right: bool, name: str, value: object, expected: str) -> None:
    """Refuse a value with which nothing can be trained."""
    if not is_right:
        raise ConfigInvalid(f"{name} is {value}.", remedy=f"It must be {expected}.")


def typed(name: str, kind: str, value: Any) -> Any:
    """``value`` as the annotation ``kind`` wants it; JSON has neither tuples nor ``5.0``."""
    if kind.startswith("tuple") and isinstance(value, list | tuple):
        item = "str" if "str" in kind else "float"
        return tuple(typed(name, item, entry) for entry in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "float" and is_number:
        return float(value)
    if kind == "int" and is_number and value == int(value):
        return int(value)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind in ("str", "Dtype", "HindsightLoss", "Teacher", "Hint") and isinstance(value, str):
        return value
    raise ConfigInvalid(f"{name} is {value!r}.", remedy=f"It must be of type {kind}.")
