"""``make bench-engine``: the embedded engine against its baselines, in one run.

Writes ``var/reports/bench-engine.json``: for each question the figures, the ratio, the bar and
whether it was reached, with the machine and its load beside them. Every figure is the median of
several rounds, in which the rivals take turns, so that a busy minute meets all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.baselines import bare_decode, locked_llama, open_llama
from tests.benchmarks.page import page
from tests.benchmarks.streams import RunTimes, stream_all
from tests.engines import Engine, running_engine
from tests.inference.lora import make_adapter
from uno_site.env import read_env
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.chat_template import ChatTemplate
from uno_site.inference.engine.llama import Model, start_backend
from uno_site.inference.engine.models import prepare_model
from uno_site.inference.engine.threads import count_cores
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

PAGE = Path(__file__).resolve().parents[2] / "docs/benchmarks.md"
BASE = "smollm2-135m-instruct"
COUNTS = (1, 4, 8, 16)
N_NEW = 96
N_CONTEXT = 2048
PLAIN = Sampling(max_tokens=N_NEW, temperature=0.0)
WORDS = (
    "harbour",
    "lantern",
    "river",
    "market",
    "winter",
    "engine",
    "garden",
    "letter",
    "mountain",
    "orchard",
)

Report = dict[str, Any]


def question(number: int, n_words: int = 40) -> str:
    """A prompt of its own for each stream, always the same."""
    chosen = random.Random(number).choices(WORDS, k=n_words)
    return f"Write a long story, number {number}, with these words: {' '.join(chosen)}."


def request(number: int, model: str = BASE, **values: Any) -> ChatRequest:
    """One stream's request; every stream is another user's."""
    messages = (ChatMessage("user", question(number)),)
    return ChatRequest(model, messages, replace(PLAIN, **values), user=f"user-{number}")


def bar(value: float, limit: float, *, at_least: bool) -> Report:
    """A figure with its bar."""
    is_met = value >= limit if at_least else value <= limit
    return {"value": round(value, 4), "bar": limit, "is_met": is_met}


def median(runs: Sequence[RunTimes], of: Callable[[RunTimes], float]) -> float:
    """The median over rounds."""
    return statistics.median(of(run) for run in runs)


@contextmanager
def engine(data_dir: Path, n_threads: int) -> Iterator[Engine]:
    """The engine as it is served, with a slot for each of sixteen streams."""
    options = ("--threads", str(n_threads), "--slots", "16", "--context", str(N_CONTEXT))
    with running_engine(data_dir, *options, environment={"UNO_LOG_LEVEL": "WARNING"}) as started:
        yield started


class Benchmark:
    """The questions of the issue, each a method that returns its part of the report."""

    def __init__(self, served: Engine, model_path: Path, n_threads: int, n_rounds: int) -> None:
        self.served, self.model_path = served, model_path
        self.n_threads, self.n_rounds = n_threads, n_rounds
        self.client = HttpClient(served.url)
        self.model = Model(model_path)
        self.template = ChatTemplate(self.model)
        self.llama = open_llama(model_path, N_CONTEXT, n_threads)
        self.n_asked = 0

    def fresh(self, n: int, **values: Any) -> list[ChatRequest]:
        """Requests that the engine has not seen: nothing of them is cached."""
        self.n_asked += n
        return [request(self.n_asked + i, **values) for i in range(n)]

    def single_stream(self) -> Report:
        """One stream against ``llama_cpp.Llama`` alone."""
        ours, theirs = [], []
        for _ in range(self.n_rounds):
            asked = self.fresh(1)
            ours.append(stream_all(self.served.url, asked))
            theirs.append(locked_llama(self.llama, asked))
        decode = [median(runs, lambda r: r.streams[0].decode_rate) for runs in (ours, theirs)]
        first = [median(runs, lambda r: r.worst_first_s) for runs in (ours, theirs)]
        return {
            "decode_tokens_per_s": dict(zip(("engine", "llama_cpp"), decode, strict=True)),
            "first_token_s": dict(zip(("engine", "llama_cpp"), first, strict=True)),
            "decode_ratio": bar(decode[0] / decode[1], 0.9, at_least=True),
            "first_token_ratio": bar(first[0] / first[1], 1.1, at_least=False),
        }

    def many_streams(self) -> Report:
        """1 to 16 streams against a lock around ``Llama``, and against no server at all."""
        rows = {str(n): self._streams(n) for n in COUNTS}
        eight = rows["8"]
        ours, locked, limit = (eight[name] for name in ("engine", "locked_llama", "bare_decode"))
        rate, first = "tokens_per_s", "worst_first_s"
        return {
            "streams": rows,
            "of_the_limit_at_8": bar(ours[rate] / limit[rate], 0.85, at_least=True),
            "over_locked_at_8": bar(ours[rate] / locked[rate], 2.0, at_least=True),
            "worst_first_at_8": bar(ours[first] / locked[first], 0.25, at_least=False),
        }

    def _streams(self, n: int) -> Report:
        runs: dict[str, list[RunTimes]] = {"engine": [], "locked_llama": [], "bare_decode": []}
        for _ in range(self.n_rounds):
            asked = self.fresh(n)
            prompts = [
                self.template.tokenize(r.messages, add_generation_prompt=True) for r in asked
            ]
            runs["engine"].append(stream_all(self.served.url, asked))
            runs["locked_llama"].append(locked_llama(self.llama, asked))
            runs["bare_decode"].append(bare_decode(self.model, prompts, N_NEW, self.n_threads))
        return {
            name: {
                "tokens_per_s": median(of, lambda r: r.tokens_per_s),
                "worst_first_s": median(of, lambda r: r.worst_first_s),
            }
            for name, of in runs.items()
        }

    def second_turns(self, n_conversations: int = 8, n_words: int = 420) -> Report:
        """Interleaved conversations of about 800 tokens: the next turn against a cold one."""
        conversations = [
            (ChatMessage("user", question(10_000 + i, n_words)),) for i in range(n_conversations)
        ]
        cold, warm = [], []
        for i, messages in enumerate(conversations):
            asked = ChatRequest(BASE, messages, replace(PLAIN, max_tokens=32), user=f"c{i}")
            cold.append(stream_all(self.served.url, [asked]).worst_first_s)
            reply = self.client.chat(asked).text
            following = (ChatMessage("assistant", reply), ChatMessage("user", "Go on, please."))
            conversations[i] = (*messages, *following)
        for i, messages in enumerate(conversations):
            asked = ChatRequest(BASE, messages, replace(PLAIN, max_tokens=8), user=f"c{i}")
            warm.append(stream_all(self.served.url, [asked]).worst_first_s)
        n_tokens = [
            len(self.template.tokenize(m, add_generation_prompt=True)) for m in conversations
        ]
        medians = [statistics.median(times) for times in (cold, warm)]
        return {
            "tokens": statistics.median(n_tokens),
            "first_token_s": dict(zip(("cold", "warm"), medians, strict=True)),
            "ratio": bar(medians[1] / medians[0], 0.2, at_least=False),
        }

    def adapters(self, folder: Path, n_requests: int = 200) -> Report:
        """Four adapters in random order: each request as if its adapter were alone."""
        names = [f"bench-{i}" for i in range(4)]
        for i, name in enumerate(names):
            path = make_adapter(folder / name, rank=8, layers=30, seed=i, scale=0.02)
            self.client.load_adapter(name, str(path))
        messages = (ChatMessage("user", "Is the sea blue?"),)
        candidates = ("Yes", "No", "The")
        alone = {name: self._logprobs(name, messages, candidates) for name in names}
        order = random.Random(0).choices(names, k=n_requests)
        mixed, same = [], []
        for name in order:
            started = time.perf_counter()
            got = self._logprobs(name, messages, candidates)
            mixed.append(time.perf_counter() - started)
            near = {other: _distance(got, alone[other]) for other in names}
            same.append(near[name] <= 0.02 and min(near, key=lambda other: near[other]) == name)
        steady = []
        for name in names:
            for _ in range(n_requests // len(names)):
                started = time.perf_counter()
                self._logprobs(name, messages, candidates)
                steady.append(time.perf_counter() - started)
        added_ms = 1000 * (statistics.median(mixed) - statistics.median(steady))
        for name in names:
            self.client.unload_adapter(name)
        return {
            "added_ms_per_switch": bar(added_ms, 15.0, at_least=False),
            "right_of_all": bar(sum(same) / n_requests, 1.0, at_least=True),
            "n_requests": n_requests,
        }

    def _logprobs(
        self, name: str, messages: tuple[ChatMessage, ...], candidates: Sequence[str]
    ) -> dict[str, float]:
        return self.client.next_token_logprobs(name, messages, candidates)


def _distance(first: dict[str, float], second: dict[str, float]) -> float:
    return max(abs(first[word] - second[word]) for word in first)


def machine(model_path: Path, n_threads: int) -> Report:
    """Where and on what it was measured."""
    return {
        "cores": psutil.cpu_count(),
        "threads": n_threads,
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "model": model_path.name,
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> int:
    """Run all questions; exit 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("var/reports/bench-engine.json"))
    options = parser.parse_args()
    settings = read_env()
    n_threads = settings.threads or count_cores()
    start_backend()
    model_path = prepare_model(settings).path
    report: Report = {"machine": machine(model_path, n_threads)}
    with engine(settings.data_dir, n_threads) as served, tempfile.TemporaryDirectory() as folder:
        bench = Benchmark(served, model_path, n_threads, options.rounds)
        report["single_stream"] = bench.single_stream()
        report["many_streams"] = bench.many_streams()
        report["second_turns"] = bench.second_turns()
        report["adapters"] = bench.adapters(Path(folder))
    report["machine"]["load_after"] = [round(value, 2) for value in os.getloadavg()]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    PAGE.write_text(page(report))
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0 if _all_met(report) else 1


def _all_met(part: Any) -> bool:
    if not isinstance(part, dict):
        return True
    return part.get("is_met", True) and all(_all_met(value) for value in part.values())


if __name__ == "__main__":
    raise SystemExit(main())
