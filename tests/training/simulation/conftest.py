"""Replies for the simulated users."""

from __future__ import annotations

import json
from pathlib import Path

REPLIES = Path(__file__).resolve().parents[2] / "fixtures" / "replies" / "smollm2_135m.jsonl"


def load_replies(topic: str) -> list[tuple[str, str]]:
    """(prompt, reply) of the reference model, as it really answers."""
    rows = [json.loads(line) for line in REPLIES.read_text(encoding="utf-8").splitlines()]
    return [(row["prompt"], row["reply"]) for row in rows if row["topic"] == topic]
