"""A chat while an adapter learns: how long until its first token, against an idle machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import Any

import numpy as np

from tests.benchmarks.report import machine
from tests.benchmarks.streams import stream_all
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

from .arms import BY_NAME, config_of
from .learner import TRAINER, Place
from .rows import read_rows, write_run

QUESTIONS = ("How does a lock work?", "Why do leaves fall?", "What is a comet made of?")
#: A person reads before they ask again.
PAUSE_S = 1.0
N_IDLE = 20
#: As the product's: the engine goes before the trainer.
NICENESS = 10


def first_token_times(place: Place, url: str, token: str) -> dict[str, Any]:
    """Seconds until the first token of single short questions: idle, during an update, idle."""
    folder = place.root / "beside"
    shutil.rmtree(folder, ignore_errors=True)
    rows = read_rows(place.folder("bullets", 0) / "1")
    write_run(folder, rows, place.base, config_of(BY_NAME["bullets"]), seed=0)
    state = {"n": 0}

    def ask() -> float:
        state["n"] += 1
        text = f"{QUESTIONS[state['n'] % len(QUESTIONS)]} ({state['n']})"
        asked = ChatRequest(
            place.base_name, (ChatMessage("user", text),), Sampling(24, 0.0, 1.0, 0)
        )
        found = stream_all(url, [asked], token).worst_first_s
        time.sleep(PAUSE_S)
        return found

    before = [ask() for _ in range(N_IDLE)]
    started = time.monotonic()
    command = ["nice", "-n", str(NICENESS), *TRAINER, str(folder), "--threads", "2"]
    during = []
    with subprocess.Popen(command) as trainer:
        while trainer.poll() is None:
            during.append(ask())
    seconds = time.monotonic() - started
    after = [ask() for _ in range(N_IDLE)]
    idle = [*before, *after]
    return {
        "machine": machine(),
        "idle_s": _spread(idle),
        "during_s": _spread(during),
        "ratio": round(float(np.median(during) / np.median(idle)), 2),
        "update_s": round(seconds, 1),
    }


def _spread(values: list[float]) -> dict[str, float]:
    p50, p95 = np.quantile(values, [0.5, 0.95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "n": len(values)}
