"""The prompts of the simulated users, kept beside this module one JSON object a line."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"


@cache
def load_prompts(topic: str, kind: str | None = None) -> tuple[str, ...]:
    """The prompts of a topic, of "noise", "noise_wide" (more noise) or "control", in file order.

    ``kind`` keeps one part of the noise: "story", "trivia", "code" or "chat".
    """
    lines = (DATA / f"{topic}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return tuple(row["text"] for row in rows if kind is None or row["kind"] == kind)
