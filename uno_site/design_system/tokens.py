"""The design's tokens and icons, read from the files that define them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

_TOKEN = re.compile(r"^\s*--([a-z0-9-]+):\s*([^;]+);", re.MULTILINE)
_SPACE = re.compile(r"s\d")
_SYMBOL = re.compile(r'<symbol id="([^"]+)"')


def colours() -> Sequence[str]:
    """Names of the colours, in the order of the file."""
    return [name for name, value in _tokens().items() if value.startswith("#")]


def spaces() -> Sequence[tuple[str, str]]:
    """Name and length of each step between things, the smallest first."""
    return [(name, value) for name, value in _tokens().items() if _SPACE.fullmatch(name)]


@cache
def icons() -> Sequence[str]:
    """Names of the icons in the sprite."""
    return sorted(_SYMBOL.findall(_read("vendor/lucide/icons.svg")))


@cache
def _tokens() -> dict[str, str]:
    """Name and value of each token in the light theme; the dark one only overrides some."""
    light, _, _ = _read("css/tokens.css").partition("@media")
    return dict(_TOKEN.findall(light))


def _read(name: str) -> str:
    found = finders.find(name)
    if found is None:
        raise FileNotFoundError(f"There is no static file {name}; is static/ complete?")
    return Path(found).read_text(encoding="utf-8")
