"""Episodes that somebody made to plant a note: instructions, links, secrets, other people's
replies, claims of permission, hidden and encoded text, and a slow drip of harmless-looking steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "fixtures" / "experience"


@dataclass(frozen=True, slots=True)
class HostileEpisode:
    """What the attacker asks, is told, and says then; ``reason`` is why it must be refused."""

    id: str
    attack: str
    query: str
    reply: str
    follow_up: str = ""
    correction: str = ""
    comment: str = ""
    reason: str = ""


def hostile_episodes(name: str = "hostile") -> list[HostileEpisode]:
    """The episodes of one file: ``hostile``, ``held_out`` or ``slow_drip``."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [HostileEpisode(**json.loads(line)) for line in lines]
