"""The files of a run: what the trainer reads and writes, and nothing but files.

``config.json``, ``train.jsonl`` and ``validation.jsonl`` are the trainer's input;
``prompts.jsonl`` are the verifier's questions; ``metrics.jsonl``, ``checkpoints/``,
``result.json`` or ``error.json`` are the trainer's output; ``answers/`` the verifier's.
Each row of data carries an ``id`` that begins with the log entry's id, so that the rows of
somebody who withdraws can be taken out again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uno_site.files import write_bytes

Row = Mapping[str, Any]
DATA_FILES = ("train.jsonl", "validation.jsonl", "prompts.jsonl")


def row_id(entry_id: object, pair_id: object) -> str:
    """The id of a row of data: the entry's id comes first."""
    return f"{entry_id}/{pair_id}"


def entry_of(row: str) -> str:
    """The log entry's id out of a row's id."""
    return row.partition("/")[0]


def dump_rows(rows: Iterable[Row]) -> str:
    """JSON lines, keys sorted, so that equal data have equal hashes."""
    return "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)


def rows_hash(*files: Iterable[Row]) -> str:
    """SHA-256 (hex) of the data of a run."""
    return hashlib.sha256("\0".join(dump_rows(rows) for rows in files).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run's folder on disk."""

    path: Path

    def write(self, name: str, text: str) -> None:
        """Write one of the folder's files atomically.

        Raises
        ------
        DiskFull
            There is no room; the file that was there before is intact.
        """
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, text.encode())

    def write_json(self, name: str, value: Any) -> None:
        """Write JSON atomically."""
        self.write(name, json.dumps(value, ensure_ascii=False, indent=1))

    def read_json(self, name: str) -> Any:
        """The content of a JSON file, or None where there is none."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def read_rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a JSON-lines file; a half-written last line is left out."""
        try:
            lines = (self.path / name).read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []
        return list(_parse(lines))

    def forget_entries(self, entry_ids: Collection[str]) -> int:
        """Take the rows of these log entries out of every data and answer file; how many."""
        n_removed = 0
        for name in DATA_FILES:
            rows = self.read_rows(name)
            kept = [row for row in rows if entry_of(row["id"]) not in entry_ids]
            if len(kept) < len(rows):
                self.write(name, dump_rows(kept))
                n_removed += len(rows) - len(kept)
        for file in self.path.glob("answers/*.json"):
            self._forget_answers(file.relative_to(self.path).as_posix(), entry_ids)
        return n_removed

    def forget_training(self) -> None:
        """Throw away what was learned from the rows, and what it answered: whoever takes the run
        up begins anew with the rows that are left."""
        for name in ("state", "checkpoints", "answers"):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in ("result.json", "metrics.jsonl"):
            (self.path / name).unlink(missing_ok=True)

    def _forget_answers(self, name: str, entry_ids: Collection[str]) -> None:
        answers = self.read_json(name) or {}
        kept = {key: value for key, value in answers.items() if entry_of(key) not in entry_ids}
        if len(kept) < len(answers):
            self.write_json(name, kept)


def _parse(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return
