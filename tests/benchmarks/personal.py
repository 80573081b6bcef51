"""``make learn-personal``: does a personal adapter learn a scripted user's taste, and what does it
cost? The reference model, the product's engine and the product's trainer.

The user asks for bullet points whenever a reply is no list, and is content with one that is. The
control's user says something else each time, and nothing holds it back (no relevance gate).
After each update of so many interactions the adapter answers prompts that nobody has asked.
Writes ``var/reports/learn-personal.json``.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.report import Report, bar, machine
from tests.engines import running_engine
from training.ml.config import SMALL_HINDSIGHT, HindsightConfig
from training.ml.health import is_repetitive, on_topic, topic_shares
from training.simulation.prompts import load_prompts
from uno_site.env import read_env
from uno_site.files import file_sha256
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.models import reference_source
from uno_site.inference.protocol import ChatMessage, ChatRequest, ChatResult, Sampling
from uno_site.inference.torch_base import BaseModel, prepare_base

TOKEN = "bench"
WISH, CONTENT = "Use bullet points please.", "Perfect, thanks."
ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
OTHERS = (
    "What is the weather like in Lisbon?",
    "I will have lunch now.",
    "Do you know any good films?",
    "My sister has a new bicycle.",
)
N_HELD_OUT = 12
TRAINER = (sys.executable, "-m", "training.ml.train")


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to learn: who speaks, and with which settings."""

    name: str
    config: HindsightConfig
    is_relevant: bool = True


@dataclass
class Learner:
    """An adapter that is updated again and again; ``model`` is its name in the engine."""

    client: HttpClient
    base: BaseModel
    arm: Arm
    folder: Path
    n_tokens: int
    model: str
    adapter: Path | None = None
    version: int = 0

    def ask(self, prompts: Sequence[str], *, temperature: float, seed: int) -> list[ChatResult]:
        """The adapter's answers, with their tokens."""
        requests = [
            ChatRequest(
                self.model,
                (ChatMessage("user", prompt),),
                Sampling(self.n_tokens, temperature, 0.9 if temperature else 1.0, seed + index),
            )
            for index, prompt in enumerate(prompts)
        ]
        return self.client.chat_many(requests)

    def update(self, prompts: Sequence[str], seed: int) -> Report:
        """Ask, hear what the user says, learn from it, and load the new version."""
        replies = self.ask(prompts, temperature=0.7, seed=seed)
        rows = [
            _row(f"{seed + i}/x", prompt, reply, self._next_message(i, reply.text))
            for i, (prompt, reply) in enumerate(zip(prompts, replies, strict=True))
        ]
        n_masked = sum(bool(row["mask"]) for row in rows)
        if len(rows) - n_masked < 2:
            return {"n_masked": n_masked, "note": "nothing to learn: the user is content"}
        self.version += 1
        run = self.folder / f"{self.arm.name}-{self.version}"
        _write_run(run, rows, self.base, self._config(), seed)
        started = time.monotonic()
        done = subprocess.run([*TRAINER, str(run), "--threads", "2"], check=False)
        if done.returncode:
            raise SystemExit((run / "error.json").read_text())
        seconds = time.monotonic() - started
        self.adapter = run / f"checkpoints/epoch-{self.arm.config.n_epochs}"
        self._swap()
        return {
            "n_masked": n_masked,
            "seconds": round(seconds, 1),
            "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
            "kl_to_base": _last_metric(run, "kl_to_base"),
        }

    def _next_message(self, index: int, reply: str) -> tuple[str, str]:
        if not self.arm.is_relevant:
            return OTHERS[index % len(OTHERS)], ""
        return (CONTENT, "satisfied") if is_list(reply) else (WISH, "")

    def _config(self) -> HindsightConfig:
        if self.adapter is None:
            return self.arm.config
        weights = self.adapter / "adapter_model.safetensors"
        return replace(
            self.arm.config, init_from=str(self.adapter), init_sha256=file_sha256(weights)
        )

    def _swap(self) -> None:
        before, self.model = self.model, f"{self.arm.name}-v{self.version}"
        self.client.load_adapter(self.model, str(self.adapter))
        if self.version > 1:
            self.client.unload_adapter(before)


def is_list(reply: str) -> bool:
    """Whether a reply has two list items or more."""
    return len(ITEM.findall(reply)) >= 2


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the arms and write the report; 0 where the bars were reached."""
    options = _parse(argv)
    work = Path(tempfile.mkdtemp(prefix="uno-personal-"))
    base = prepare_base(reference_source(), read_env().data_dir / "models/torch-personal")
    environment = {"UNO_ENGINE_TOKEN": TOKEN, "UNO_DATA_DIR": str(work)}
    arms = {arm.name: arm for arm in _arms(options)}
    report: dict[str, Any] = {"machine": machine(model="SmolLM2-135M-Instruct"), "arms": {}}
    with running_engine(work, environment=environment) as engine:
        engine.wait_until_healthy()
        client = HttpClient(engine.url, TOKEN)
        base_name = client.health().base_model
        for name in options.arms or list(arms):
            learner = Learner(client, base, arms[name], work, options.tokens, base_name)
            report["arms"][name] = _learn(learner, options)
    return _conclude(report)


def _learn(learner: Learner, options: argparse.Namespace) -> list[Report]:
    prompts = _prompts()
    held_out, asked = prompts[:N_HELD_OUT], prompts[N_HELD_OUT:]
    base = [answer.text for answer in learner.ask(held_out, temperature=0.0, seed=0)]
    found = [_measure(learner, held_out, base)]
    _say(learner.arm.name, found[-1])
    for number in range(options.updates):
        first = number * options.size
        taken = [asked[(first + i) % len(asked)] for i in range(options.size)]
        cost = learner.update(taken, seed=1000 * (number + 1))
        found.append(_measure(learner, held_out, base) | cost)
        _say(learner.arm.name, found[-1])
    return found


def _measure(learner: Learner, prompts: Sequence[str], base: Sequence[str]) -> Report:
    texts = [answer.text for answer in learner.ask(prompts, temperature=0.0, seed=0)]
    n = len(prompts)
    vectors = learner.client.embed([text or " " for text in (*texts, *base, *prompts)])
    shares = topic_shares(vectors[:n], vectors[n : 2 * n], vectors[2 * n :])
    return {
        "list_rate": round(float(np.mean([is_list(text) for text in texts])), 2),
        "on_topic": round(float(np.mean(on_topic(shares))), 2),
        "repetitive": round(float(np.mean([is_repetitive(text) for text in texts])), 2),
        "mean_words": round(float(np.mean([len(text.split()) for text in texts])), 1),
        "example": texts[0],
    }


def _row(key: str, prompt: str, reply: ChatResult, heard: tuple[str, str]) -> dict[str, Any]:
    return {
        "id": key,
        "messages": [{"role": "user", "content": prompt}],
        "reply": reply.text,
        "reply_ids": list(reply.token_ids),
        "follow_up": heard[0],
        "mask": heard[1],
    }


def _write_run(
    folder: Path, rows: list[dict[str, Any]], base: BaseModel, config: HindsightConfig, seed: int
) -> None:
    folder.mkdir()
    told = [row for row in rows if not row["mask"]]
    for name, part in (("train", rows), ("validation", told[:2])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(text)
    run = {"kind": "hindsight", "base_dir": str(base.dir), "base_sha256": base.sha256}
    run |= {"seed": seed, "data_hash": ""}
    (folder / "config.json").write_text(json.dumps({**config.to_json(), **run}))


def _last_metric(folder: Path, name: str) -> float:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return round(float([row for row in rows if row["kind"] == "train"][-1][name]), 3)


def _prompts() -> list[str]:
    """Questions that the model answers in prose, in a fixed order."""
    return [*load_prompts("explain"), *load_prompts("noise", "trivia"), *load_prompts("control")]


def _arms(options: argparse.Namespace) -> list[Arm]:
    changes = json.loads(options.config)
    config = HindsightConfig.from_json(
        {**SMALL_HINDSIGHT.to_json(), "max_completion_tokens": options.tokens, **changes}
    )
    return [
        Arm("frozen", config),
        Arm("irrelevant", config, is_relevant=False),
        Arm("live", replace(config, teacher="live")),
        Arm("policy-gradient", replace(config, loss="policy_gradient")),
    ]


def _conclude(report: dict[str, Any]) -> int:
    bars = {}
    for name, found in report["arms"].items():
        if name == "frozen":
            bars["list_rate"] = bar(found[-1]["list_rate"], 0.7, at_least=True)
            bars["on_topic"] = bar(found[-1]["on_topic"], 0.8, at_least=True)
            slowest = max((one.get("seconds", 0.0) for one in found), default=0.0)
            bars["seconds_an_update"] = bar(slowest, 180.0, at_least=False)
        if name == "irrelevant":
            bars["list_rate_irrelevant"] = bar(found[-1]["list_rate"], 0.2, at_least=False)
    report["bars"] = bars
    path = read_env().data_dir / "reports/learn-personal.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))
    sys.stdout.write(json.dumps(bars, indent=1) + f"\n{path}\n")
    return 0 if all(one["is_met"] for one in bars.values()) else 1


def _say(name: str, figures: Report) -> None:
    sys.stdout.write(f"{name}: {json.dumps(figures)}\n")
    sys.stdout.flush()


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.personal")
    parser.add_argument("--updates", type=int, default=4)
    parser.add_argument("--size", type=int, default=16, help="interactions of one update")
    parser.add_argument("--tokens", type=int, default=48, help="most tokens of a reply")
    parser.add_argument("--arms", nargs="*", help="frozen irrelevant live policy-gradient")
    parser.add_argument("--config", default="{}", help="settings that differ, as JSON")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
