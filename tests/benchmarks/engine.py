"""``make bench-engine``: the embedded engine against its baselines, in one run.

Writes ``var/reports/bench-engine.json``: for each question the figures, the ratio, the bar and
whether it was reached, with the machine and its load beside them. Every figure is the median of
several rounds, in which the rivals take turns, so that a busy minute meets all of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.adapters import adapter_arithmetic, adapters
from tests.benchmarks.asked import AS_CHATTED, BASE, PLAIN, question, request
from tests.benchmarks.baselines import bare_decode, locked_llama, open_llama
from tests.benchmarks.report import Report, bar, machine, read_report, write_report
from tests.benchmarks.streams import RunTimes, median, stream_all
from tests.benchmarks.web import measure_web
from tests.engines import Engine, running_engine
from uno_site.env import read_env
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.chat_template import ChatTemplate
from uno_site.inference.engine.formats import write_format
from uno_site.inference.engine.llama import Model, start_backend
from uno_site.inference.engine.models import ServedModel, prepare_model
from uno_site.inference.engine.threads import count_cores
from uno_site.inference.protocol import ChatMessage, ChatRequest

COUNTS = (1, 4, 8, 16)
N_CONTEXT = 2048
SETTLE_S = 1.2
SPREAD_S = 1.0
TITLES = {
    "single_stream": "One stream: the engine over HTTP against `llama_cpp.Llama` alone",
    "many_streams": "Many streams: against a locked `llama_cpp.Llama`, and bare `llama_decode`",
    "second_turns": "A conversation's second turn against a cold one",
    "adapters": "Four adapters in random order, f16",
    "adapter_arithmetic": "PEFT against the converted adapter, f16: mean KL in nats",
    "web": "First token in eight browser pages against the engine's own",
}


def settled(measure: Callable[..., RunTimes], *values: Any) -> RunTimes:
    """Measure on a machine on which the rival's threads are at rest.

    The engine leaves cores to whoever used them in the last half second.
    """
    time.sleep(SETTLE_S)
    return measure(*values)


@contextmanager
def engine(data_dir: Path, n_threads: int, *more: str) -> Iterator[Engine]:
    """The engine as it is served, with a slot for each of sixteen streams."""
    options = ("--threads", str(n_threads), "--slots", "16", "--context", str(N_CONTEXT), *more)
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

    def close(self) -> None:
        """Free the rivals' memory."""
        self.llama.close()
        self.model.close()
        self.client.close()

    def fresh(self, n: int, **values: Any) -> list[ChatRequest]:
        """Requests that the engine has not seen: nothing of them is cached."""
        self.n_asked += n
        return [request(self.n_asked + i, **values) for i in range(n)]

    def single_stream(self) -> Report:
        """One stream against ``llama_cpp.Llama`` alone."""
        ours, theirs = [], []
        for _ in range(self.n_rounds):
            asked = self.fresh(1)
            ours.append(settled(stream_all, self.served.url, asked))
            theirs.append(settled(locked_llama, self.llama, asked))
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
        runs: dict[str, list[RunTimes]] = defaultdict(list)
        for _ in range(self.n_rounds):
            asked = self.fresh(n)
            chatted = [replace(r, sampling=AS_CHATTED, user=f"{r.user}-chat") for r in asked]
            prompts = [
                self.template.tokenize(r.messages, add_generation_prompt=True) for r in asked
            ]
            ours = settled(stream_all, self.served.url, asked)
            lengths = [stream.n_tokens for stream in ours.streams]
            limit = settled(bare_decode, self.model, prompts, lengths, self.n_threads)
            runs["engine"].append(ours)
            runs["bare_decode"].append(limit)
            runs["locked_llama"].append(settled(locked_llama, self.llama, asked))
            runs["engine_as_the_chat_samples"].append(settled(stream_all, self.served.url, chatted))
        return {
            name: {
                "tokens_per_s": median(of, lambda r: r.tokens_per_s),
                "worst_first_s": median(of, lambda r: r.worst_first_s),
            }
            for name, of in runs.items()
        }

    def second_turns(self, n_conversations: int = 8, n_words: int = 680) -> Report:
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


class Sections:
    """The parts of the report, each measured by itself so that one can be measured again."""

    def __init__(self, served_model: ServedModel, data_dir: Path, n_threads: int, rounds: int):
        self.served_model, self.data_dir = served_model, data_dir
        self.n_threads, self.n_rounds = n_threads, rounds

    def run(self, name: str) -> Report:
        """Measure one part."""
        own = getattr(self, name, None)
        if own is not None:
            return own()
        with engine(self.data_dir, self.n_threads) as served:
            bench = Benchmark(served, self.served_model.path, self.n_threads, self.n_rounds)
            try:
                return getattr(bench, name)()
            finally:
                bench.close()

    def adapters(self) -> Report:
        """On f16, where the shape of a batch hardly moves a log-probability."""
        with tempfile.TemporaryDirectory() as name:
            f16 = Path(name) / "f16.gguf"
            write_format(self.served_model.source, f16, "f16")
            with engine(self.data_dir, self.n_threads, "--model", str(f16)) as served:
                return adapters(HttpClient(served.url), Path(name))

    def adapter_arithmetic(self) -> Report:
        """See the function."""
        with tempfile.TemporaryDirectory() as name:
            return adapter_arithmetic(Path(name))

    def web(self) -> Report:
        """Real pages of a running product: messages one after the other, and all at once."""
        spread, at_once = measure_web(gap_s=SPREAD_S), measure_web()
        return {
            "spread": spread | {"added_ms_p95": bar(spread["added_ms"][95], 50, at_least=False)},
            "all_in_the_same_instant": at_once,
        }


def main() -> int:
    """Measure all parts, or those named; exit 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=TITLES, default=list(TITLES))
    options = parser.parse_args()
    settings = read_env()
    n_threads = settings.threads or count_cores()
    start_backend()
    served_model = prepare_model(settings)
    where = machine(threads=n_threads, model=served_model.path.name, format=served_model.format)
    sections = Sections(served_model, settings.data_dir, n_threads, options.rounds)
    kept = read_report("bench-engine") if len(options.only) < len(TITLES) else {}
    status = 0
    for name in options.only:
        kept |= {"machine": where, name: sections.run(name)}
        status = write_report("bench-engine", kept, TITLES)
    return status


if __name__ == "__main__":
    sys.exit(main())
