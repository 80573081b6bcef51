"""A learner that is updated again and again, and can be left and taken up between updates."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.ml.health import is_repetitive, on_topic, topic_shares
from uno_site.files import file_sha256, read_json, write_json
from uno_site.inference.client import HttpClient
from uno_site.inference.protocol import ChatMessage, ChatRequest, ChatResult, Sampling
from uno_site.inference.torch_base import BaseModel

from .arms import BY_NAME, TRAINED, Arm, config_of
from .rows import Row, as_notes, as_turns, interaction, read_rows, reminded, write_run
from .tastes import BULLETS, PROSE, SECOND, next_message

TRAINER = (sys.executable, "-m", "training.ml.train")
WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a learner works, and with what."""

    client: HttpClient
    base: BaseModel
    base_name: str
    root: Path

    def folder(self, arm: str, seed: int) -> Path:
        """An arm's own folder for a seed."""
        return self.root / f"{arm}-s{seed}"


class Learner:
    """One arm with one seed.

    ``state`` is what is kept between calls: the figures so far, by update, the first before
    any; and the adapter's folder.
    """

    def __init__(self, place: Place, arm: Arm, seed: int) -> None:
        """Take up what was left."""
        self.place, self.arm, self.seed = place, arm, seed
        self.folder = place.folder(arm.name, seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state: dict[str, Any] = read_json(self.folder / "state.json") or {
            "figures": [],
            "adapter": self._first_adapter(),
        }
        self.model = place.base_name
        self._load()

    @property
    def n_done(self) -> int:
        """Updates that are done; -1 before the first look."""
        return len(self.state["figures"]) - 1

    def step(self, held_out: Sequence[str], asked: Sequence[str]) -> dict[str, Any]:
        """Look once (before anything is learned), or update with ``asked`` and look again."""
        cost = self._update(asked) if self.n_done >= 0 else {}
        figures = self._look(held_out) | cost
        self.state["figures"].append(figures)
        write_json(self.folder / "state.json", self.state)
        self._tidy()
        return figures

    def ask(self, prompts: Sequence[str], *, temperature: float, seed: int) -> list[ChatResult]:
        """The learner's answers, with their tokens."""
        top_p = 0.9 if temperature else 1.0
        return self.place.client.chat_many(
            [
                ChatRequest(
                    self.model,
                    tuple(self._messages(prompt)),
                    Sampling(self.arm.n_tokens, temperature, top_p, seed + index),
                )
                for index, prompt in enumerate(prompts)
            ]
        )

    def _messages(self, prompt: str) -> list[ChatMessage]:
        asked, rows = [ChatMessage("user", prompt)], self._told()
        if self.arm.method == "notes" and rows:
            return as_notes(rows) + asked
        if self.arm.method == "turns" and rows:
            return as_turns(rows, prompt)
        return asked

    def _told(self) -> list[Row]:
        """What has been said so far, for an arm that is told instead of taught."""
        if self.arm.method in TRAINED:
            return []
        before = BY_NAME[self.arm.logs].after
        rows = self._logged(before, 10**6) if before else []
        return rows + self._logged(self.arm.logs, self.n_done + 1)

    def _logged(self, arm: str, most: int) -> list[Row]:
        """The interactions of an arm's first updates."""
        folder = self.place.folder(arm, self.seed)
        runs = sorted(int(path.name) for path in folder.glob("[0-9]*") if int(path.name) <= most)
        return [row for number in runs for row in read_rows(folder / str(number))]

    def _update(self, asked: Sequence[str]) -> dict[str, Any]:
        number = self.n_done + 1
        run = self.folder / str(number)
        if self.arm.method not in TRAINED:
            return {}
        if not (run / "config.json").exists():
            rows = self._rows(number, asked)
            n_told = sum(not row["mask"] for row in rows)
            if self.arm.method == "hindsight" and n_told < 2:
                write_only_rows(run, rows)
                return {"n_masked": len(rows) - n_told, "note": "the user is content"}
            write_run(run, rows, self.place.base, self._config(), 1000 * self.seed + number)
        load, started = os.getloadavg()[0], time.monotonic()
        command = [*TRAINER, str(run), "--threads", "2"]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit((run / "error.json").read_text())
        seconds = time.monotonic() - started
        epochs = json.loads((run / "result.json").read_text())["epochs"]
        self.state["adapter"] = str(run / epochs[-1]["path"])
        self._load()
        return {
            "n_masked": sum(bool(row["mask"]) for row in read_rows(run)),
            "seconds": round(seconds, 1),
            "load": round(load, 1),
            "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
            **_last_metrics(run),
        }

    def _rows(self, number: int, asked: Sequence[str]) -> list[Row]:
        if self.arm.logs:
            return read_rows(self.place.folder(self.arm.logs, self.seed) / str(number))
        seed = 100_000 * self.seed + 1000 * number
        replies = self.ask(asked, temperature=0.7, seed=seed)
        rows = [
            interaction(
                f"{seed + i}/x", prompt, reply, next_message(self.arm.tastes, i, reply.text)
            )
            for i, (prompt, reply) in enumerate(zip(asked, replies, strict=True))
        ]
        return reminded(rows) if self.arm.is_reminded else rows

    def _config(self) -> Any:
        if not self.state["adapter"]:
            return config_of(self.arm)
        folder = Path(self.state["adapter"])
        digest = file_sha256(folder / WEIGHTS)
        return config_of(self.arm, init_from=str(folder), init_sha256=digest)

    def _first_adapter(self) -> str:
        if not self.arm.after:
            return ""
        before = read_json(self.place.folder(self.arm.after, self.seed) / "state.json")
        return str((before or {}).get("adapter", ""))

    def _load(self) -> None:
        if not self.state["adapter"]:
            return
        before, path = self.model, Path(self.state["adapter"])
        self.model = f"{self.arm.name}-s{self.seed}-{path.parents[1].name}"
        self.place.client.load_adapter(self.model, str(path))
        if before not in (self.place.base_name, self.model):
            self.place.client.unload_adapter(before)

    def close(self) -> None:
        """Have the engine let go of the adapter."""
        if self.model != self.place.base_name:
            self.place.client.unload_adapter(self.model)

    def _tidy(self) -> None:
        """Keep the rows of every update, and the adapter of the last one alone."""
        for run in self.folder.glob("[0-9]*"):
            shutil.rmtree(run / "state", ignore_errors=True)
            for checkpoint in (run / "checkpoints").glob("*"):
                if str(checkpoint) != self.state["adapter"]:
                    shutil.rmtree(checkpoint)

    def _look(self, prompts: Sequence[str]) -> dict[str, Any]:
        """Greedy answers to prompts that were never asked, and a verdict on each."""
        answers = self.ask(prompts, temperature=0.0, seed=0)
        texts, base = [answer.text for answer in answers], self._base_texts(prompts)
        n = len(prompts)
        vectors = self.place.client.embed([text or " " for text in (*texts, *base, *prompts)])
        shares = topic_shares(vectors[:n], vectors[n : 2 * n], vectors[2 * n :])
        return {
            **{
                taste.name: [int(taste.is_met(text)) for text in texts]
                for taste in (BULLETS, PROSE, SECOND)
            },
            "on_topic": [int(one) for one in on_topic(shares)],
            "repetitive": [int(is_repetitive(text)) for text in texts],
            "words": [len(text.split()) for text in texts],
            "length_ratio": _median_ratio(texts, base),
            "prompt_tokens": float(np.mean([answer.usage.prompt_tokens for answer in answers])),
            "texts": texts,
        }

    def _base_texts(self, prompts: Sequence[str]) -> list[str]:
        path = self.place.root / f"base-{self.arm.n_tokens}-s{self.seed}.json"
        found = read_json(path)
        if found is None:
            sampling = Sampling(self.arm.n_tokens, 0.0, 1.0, 0)
            found = [
                answer.text
                for answer in self.place.client.chat_many(
                    [
                        ChatRequest(self.place.base_name, (ChatMessage("user", p),), sampling)
                        for p in prompts
                    ]
                )
            ]
            write_json(path, found)
        return list(found)


def write_only_rows(run: Path, rows: Sequence[Row]) -> None:
    """Keep interactions from which nothing was trained."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _last_metrics(run: Path) -> dict[str, float]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = [row for row in rows if row["kind"] == "train"][-1]
    return {key: round(float(last[key]), 3) for key in ("loss", "kl_to_base") if key in last}


def _median_ratio(texts: Sequence[str], base: Sequence[str]) -> float:
    pairs = zip(texts, base, strict=True)
    return round(float(np.median([len(a.split()) / max(1, len(b.split())) for a, b in pairs])), 2)
