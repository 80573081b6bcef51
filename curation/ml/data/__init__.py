"""Labelled data that the algorithms learn from, and its reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FEEDBACK_SENTENCES = Path(__file__).with_name("feedback_sentences.jsonl")


class LabelledSentence(NamedTuple):
    """A sentence of feedback and what kind it is of."""

    text: str
    label: str


def read_feedback_sentences(path: Path = FEEDBACK_SENTENCES) -> list[LabelledSentence]:
    """The labelled sentences kept in the repository."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (json.loads(line) for line in lines if line.strip())
    return [LabelledSentence(row["text"], row["label"]) for row in rows]
