"""``make bench-engine-vllm``: 1 to 16 streams on the embedded engine and on vLLM, same prompts.

Beside them the limit: llama.cpp's own decoding of the same streams with no server at all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.asked import BASE, request
from tests.benchmarks.baselines import bare_decode
from tests.benchmarks.engine import COUNTS, engine, settled
from tests.benchmarks.report import Report, bar, machine, write_report
from tests.benchmarks.streams import RunTimes, median, stream_all
from tests.inference.vllm_server import TOKEN, running_vllm
from uno_site.env import read_env
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.chat_template import ChatTemplate
from uno_site.inference.engine.llama import Model, start_backend
from uno_site.inference.engine.models import prepare_model
from uno_site.inference.engine.threads import count_cores
from uno_site.inference.torch_base import prepare_base

TITLES = {"streams": "Total tokens a second and worst first token"}


def measure(url: str, n_rounds: int, token: str = "") -> dict[int, list[RunTimes]]:
    """Rounds at every number of streams, after one that warms up and does not count."""
    runs: dict[int, list[RunTimes]] = {n: [] for n in COUNTS}
    for turn in range(n_rounds + 1):
        for n in COUNTS:
            asked = [request(1000 * turn + 100 * n + i) for i in range(n)]
            found = settled(stream_all, url, asked, token)
            if turn:
                runs[n].append(found)
    return runs


def wait_for_helper(url: str) -> None:
    """The engine's embedder loads beside the first replies; measured is what comes after."""
    client = HttpClient(url)
    client.embed(["Is the sea blue?"])
    client.close()


def measure_limit(
    path: Path, ours: Mapping[int, Sequence[RunTimes]], n_threads: int
) -> dict[int, list[RunTimes]]:
    """``llama_decode`` over the streams of the engine's rounds, as long as its replies were."""
    model = Model(path)
    template = ChatTemplate(model)
    runs: dict[int, list[RunTimes]] = {}
    for n, rounds in ours.items():
        asked = [request(100 * n + i) for i in range(n)]
        prompts = [template.tokenize(r.messages, add_generation_prompt=True) for r in asked]
        lengths = [[stream.n_tokens for stream in run.streams] for run in rounds]
        runs[n] = [settled(bare_decode, model, prompts, one, n_threads) for one in lengths]
    model.close()
    return runs


def compared(
    ours: Sequence[RunTimes], limit: Sequence[RunTimes], theirs: Sequence[RunTimes]
) -> Report:
    """One number of streams."""
    rivals = {"engine": ours, "bare_decode": limit, "vllm": theirs}
    rates = {name: median(runs, lambda r: r.tokens_per_s) for name, runs in rivals.items()}
    return {
        "tokens_per_s": rates,
        "worst_first_s": {
            name: median(runs, lambda r: r.worst_first_s) for name, runs in rivals.items()
        },
        "limit_over_vllm": rates["bare_decode"] / rates["vllm"],
        "ratio": bar(rates["engine"] / rates["vllm"], 3.0, at_least=True),
    }


def main() -> int:
    """Exit 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    settings = read_env()
    n_threads = settings.threads or count_cores()
    start_backend()
    model = prepare_model(settings)
    where = machine(threads=n_threads, format=model.format)
    with engine(settings.data_dir, n_threads) as served:
        wait_for_helper(served.url)
        ours = measure(served.url, options.rounds)
    limit = measure_limit(model.path, ours, n_threads)
    with tempfile.TemporaryDirectory() as folder:
        base = prepare_base(model.source, Path(folder) / "base").dir
        with running_vllm(base, BASE, Path(folder) / "vllm.log") as url:
            theirs = measure(url, options.rounds, TOKEN)
    streams = {str(n): compared(ours[n], limit[n], theirs[n]) for n in COUNTS}
    return write_report("bench-engine-vllm", {"machine": where, "streams": streams}, TITLES)


if __name__ == "__main__":
    sys.exit(main())
