"""Prompts that no cluster should take: what routes are held against before they are served.

Written for this purpose, of every kind that people ask an assistant; none comes from a set that
judges, so that IFEval and GSM8K can still tell whether the reach that follows is right.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parent / "data" / "strangers.jsonl"


@cache
def load_strangers() -> tuple[str, ...]:
    """The prompts in the file's order."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line)["text"] for line in lines)
