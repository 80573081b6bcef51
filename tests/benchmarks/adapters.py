"""Adapters in the engine: each request as its own adapter alone, and as PEFT computes it."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path

from tests.benchmarks.report import Report, bar
from tests.inference.lora import make_adapter
from tests.inference.tiny_models import measure_distances
from uno_site.inference.client import HttpClient
from uno_site.inference.peft_gguf import ARCHITECTURES
from uno_site.inference.protocol import ChatMessage

SHORT = (ChatMessage("user", "Is the sea blue?"),)
SAME_NATS = 0.02


def adapters(client: HttpClient, folder: Path, n_requests: int = 200) -> Report:
    """Four adapters in random order: each request as if its adapter were alone.

    ``steady`` asks the adapters in blocks, so that what a switch adds is the difference. The
    prompt is too short to be kept between requests: every one of them is read anew.
    """
    names = [f"bench-{i}" for i in range(4)]
    for i, name in enumerate(names):
        path = make_adapter(folder / name, rank=8, layers=30, seed=i, scale=0.02)
        client.load_adapter(name, str(path))
    alone = {name: _first_logprobs(client, name) for name in names}
    order = random.Random(0).choices(names, k=n_requests)
    mixed, steady, is_right = [], [], []
    for name in order:
        seconds, found = _timed_logprobs(client, name)
        mixed.append(seconds)
        near = {other: _distance(found, alone[other]) for other in names}
        others = [near[other] for other in names if other != name]
        is_right.append(near[name] <= SAME_NATS and min(others) > SAME_NATS)
    for name in sorted(order):
        steady.append(_timed_logprobs(client, name)[0])
    added_ms = 1000 * (statistics.median(mixed) - statistics.median(steady))
    for name in names:
        client.unload_adapter(name)
    return {
        "added_ms_per_switch": bar(added_ms, 15.0, at_least=False),
        "right_of_all": bar(sum(is_right) / n_requests, 1.0, at_least=True),
        "n_requests": n_requests,
        "nearest_neighbours_apart_nats": min(
            _distance(alone[a], alone[b]) for a in names for b in names if a != b
        ),
    }


def _first_logprobs(client: HttpClient, name: str) -> dict[str, float]:
    return client.next_token_logprobs(name, SHORT, ("Yes", "No", "The"))


def _timed_logprobs(client: HttpClient, name: str) -> tuple[float, dict[str, float]]:
    started = time.perf_counter()
    found = _first_logprobs(client, name)
    return time.perf_counter() - started, found


def _distance(first: dict[str, float], second: dict[str, float]) -> float:
    return max(abs(first[word] - second[word]) for word in first)


def adapter_arithmetic(folder: Path) -> Report:
    """PEFT against llama.cpp on every architecture that is converted, rank-stabilised or not."""
    report: Report = {}
    for architecture in ARCHITECTURES:
        for name, config in {"plain": {}, "rslora": {"use_rslora": True}}.items():
            place = folder / f"{architecture}-{name}"
            place.mkdir()
            found = measure_distances(architecture, place, **config)
            report[f"{architecture}_{name}"] = bar(found.adapted, 1e-4, at_least=False)
            report[f"{architecture}_{name}_effect"] = found.effect
    return report
