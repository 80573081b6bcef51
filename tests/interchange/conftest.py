"""Files for the log readers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[1] / "fixtures" / "seed"

WriteRows = Callable[..., Path]


@pytest.fixture
def samples() -> Path:
    """The folder of real rows; see its README for sources and licences."""
    return SAMPLES


@pytest.fixture
def write_rows(tmp_path: Path) -> WriteRows:
    """Write rows (dicts as JSON, strings and bytes as they are) as the lines of a file."""

    def write(*rows: dict[str, Any] | str | bytes, name: str = "log.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(_line(row) + b"\n" for row in rows))
        return path

    return write


def _line(row: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(row, bytes):
        return row
    return (row if isinstance(row, str) else json.dumps(row)).encode()


@pytest.fixture
def seed_row() -> dict[str, Any]:
    """One good row of the seed shape."""
    return {
        "id": "a1",
        "source": "example",
        "licence": "MIT",
        "kind": "written_feedback",
        "label": "negative",
        "messages": [
            {"role": "user", "content": "Name a colour."},
            {"role": "assistant", "content": "Banana."},
        ],
        "feedback": "That is a fruit.",
        "revised": "Blue.",
    }


def turns(*texts: str, first: str = "user") -> list[dict[str, str]]:
    """Alternating turns."""
    roles = ["user", "assistant"] if first == "user" else ["assistant", "user"]
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
