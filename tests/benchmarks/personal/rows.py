"""Interactions as rows of a run folder, and as what a model is told instead of learning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.ml.config import CriticConfig, HindsightConfig
from uno_site.files import write_json
from uno_site.inference.protocol import ChatMessage, ChatResult
from uno_site.inference.torch_base import BaseModel

Row = dict[str, Any]
#: So many of the user's last messages are told as notes, and so many of the last turns.
N_NOTES, N_TURNS = 8, 4
NOTES = "What this user said about earlier answers, the newest last:"


def interaction(key: str, prompt: str, reply: ChatResult, heard: tuple[str, str]) -> Row:
    """One row of ``train.jsonl``."""
    return {
        "id": key,
        "messages": [{"role": "user", "content": prompt}],
        "reply": reply.text,
        "reply_ids": list(reply.token_ids),
        "follow_up": heard[0],
        "mask": heard[1],
    }


def reminded(rows: Sequence[Row]) -> list[Row]:
    """The rows that ask for something, told what else was asked for in all of them."""
    wishes = list(dict.fromkeys(row["follow_up"] for row in rows if not row["mask"]))

    def told(own: str) -> str:
        return "\n\n".join([*(wish for wish in wishes if wish != own), own])

    return [row if row["mask"] else {**row, "follow_up": told(row["follow_up"])} for row in rows]


def write_run(
    folder: Path,
    rows: Sequence[Row],
    base: BaseModel,
    config: HindsightConfig | CriticConfig,
    seed: int,
) -> None:
    """Make a run folder; ``config.json`` comes last, so a folder that has it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    is_hindsight = isinstance(config, HindsightConfig)
    used = list(rows) if is_hindsight else [{**row, "completion": row["reply"]} for row in rows]
    seen = [row for row in used if not (is_hindsight and row["mask"])]
    for name, part in (("train", used), ("validation", seen[:2])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(text)
    run = {"kind": "hindsight" if is_hindsight else "critic", "base_dir": str(base.dir)}
    run |= {"base_sha256": base.sha256, "seed": seed, "data_hash": ""}
    write_json(folder / "config.json", {**config.to_json(), **run})


def read_rows(folder: Path) -> list[Row]:
    """The interactions of a run folder."""
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def as_notes(rows: Sequence[Row]) -> list[ChatMessage]:
    """A system message with the last things that the user said."""
    said = "\n".join(f"- {row['follow_up']}" for row in rows[-N_NOTES:])
    return [ChatMessage("system", f"{NOTES}\n{said}")]


def as_turns(rows: Sequence[Row], prompt: str) -> list[ChatMessage]:
    """The last interactions as a conversation in which ``prompt`` comes next.

    What the user said about a reply opens their next message.
    """
    turns: list[ChatMessage] = []
    said = ""
    for row in rows[-N_TURNS:]:
        turns += [
            ChatMessage("user", said + row["messages"][-1]["content"]),
            ChatMessage("assistant", row["reply"].strip() or "…"),
        ]
        said = f"{row['follow_up']}\n\n"
    return [*turns, ChatMessage("user", said + prompt)]
