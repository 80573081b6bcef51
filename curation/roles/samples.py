"""The small labelled sets on which roles are checked; they are kept in the repository."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

DATA_DIR = Path(__file__).resolve().parent / "data"


@cache
def load_samples(name: str) -> tuple[dict[str, Any], ...]:
    """The rows of ``data/<name>.jsonl``."""
    text = (DATA_DIR / f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines() if line.strip())
