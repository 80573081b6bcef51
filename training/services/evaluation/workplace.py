"""Where an evaluation works: a folder, and instances of UNO of its own in it.

``<key>/seed-0/live/`` is the instance in which the seed's conversations are had and curated;
each learned method gets a copy of it. None of them is the user's instance. Trained runs lie in
one folder for the whole seed, so that methods which learn the same train once.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uno_site.files import read_json, write_json

LIVE = "live"
DATABASE = "uno.sqlite3"


@dataclass(frozen=True, slots=True)
class SeedFolder:
    """One seed's part of an evaluation's folder."""

    path: Path

    @property
    def dialogues(self) -> Path:
        """What was logged, for methods that only read it."""
        return self.path / "dialogues.json"

    def instance(self, name: str) -> Path:
        """The data folder of an instance."""
        return self.path / name

    def database(self, name: str) -> Path:
        """The database of an instance."""
        return self.instance(name) / DATABASE

    def outcome(self, name: str) -> Path:
        """What a step has told when it was done."""
        return self.path / f"{name}.json"

    def answers(self, method: str, batch: int) -> Path:
        """A method's answers, one JSON object a line, after ``batch`` batches (0: all logs)."""
        return self.path / "answers" / f"{method}{f'-b{batch}' if batch else ''}.jsonl"

    def log(self, name: str) -> Path:
        """What a step has said."""
        return self.path / f"{name}.log"

    def is_done(self, name: str) -> bool:
        """Whether a step was finished."""
        return self.outcome(name).exists()

    def finish(self, name: str, outcome: Mapping[str, Any]) -> None:
        """Say that a step is finished, and what came of it."""
        write_json(self.outcome(name), outcome)

    def told(self, name: str) -> dict[str, Any]:
        """What a finished step told; empty for another."""
        found: dict[str, Any] = read_json(self.outcome(name)) or {}
        return found


def learned(name: str) -> str:
    """What a method's pass of the loop is called when it is done, before its answers are."""
    return f"{name}-learned"


def make_instance(folder: SeedFolder, name: str, models: Path) -> None:
    """Make an instance's data folder; prepared models and trained runs are shared."""
    instance = folder.instance(name)
    instance.mkdir(parents=True, exist_ok=True)
    models.mkdir(parents=True, exist_ok=True)
    runs = folder.path / "runs"
    runs.mkdir(exist_ok=True)
    for link, target in (("models", models), ("runs", runs)):
        if not (instance / link).exists():
            (instance / link).symlink_to(target, target_is_directory=True)


def copy_instance(folder: SeedFolder, source: str, name: str) -> None:
    """Give an instance what another one has: the lived conversations, and perhaps what was learned
    from them. One that has a database already keeps it."""
    target = folder.database(name)
    if target.exists():
        return
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(folder.database(source))) as source,
        closing(sqlite3.connect(part)) as copy,
    ):
        source.backup(copy)
    part.replace(target)


def environment(folder: SeedFolder, name: str, engine_url: str) -> dict[str, str]:
    """What a step's process is told: the instance, nothing of the user's, and the engine."""
    return {
        **os.environ,
        "UNO_DATA_DIR": str(folder.instance(name)),
        "DATABASE_URL": f"sqlite:///{folder.database(name)}",
        "UNO_ENGINE_URL": engine_url,
        "UNO_EMBEDDING_URL": "",
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "uno_site.settings.dev",
        "UNO_LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def alone(folder: SeedFolder) -> Iterator[None]:
    """Work in a seed's folder while nobody else does.

    A step whose evaluation was killed may still be at work; who takes it up waits for it.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    with (folder.path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to a file of JSON lines, and see them to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            # Whoever was killed in the middle of a line must not spoil the next one.
            file.write(b"" if file.read(1) == b"\n" else b"\n")
        file.writelines(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines; a half-written one is left out."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n"):
        try:
            yield json.loads(line)
        except ValueError:
            continue


def forget(path: Path) -> None:
    """Remove everything that an evaluation has left."""
    shutil.rmtree(path, ignore_errors=True)
