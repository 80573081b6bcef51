"""The arms' figures over seeds, with intervals, and the bars of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.report import Report, bar
from training.evaluation.statistics import mean_estimate
from uno_site.files import read_json

RATES = ("list", "prose", "second", "on_topic", "repetitive", "words")


def is_finished(root: Path, arm: str, seed: int, n_updates: int) -> bool:
    """Whether an arm's last look with a seed is done."""
    return len(_figures(root, arm, seed)) > n_updates


def _figures(root: Path, arm: str, seed: int) -> list[dict[str, Any]]:
    state = read_json(root / f"{arm}-s{seed}/state.json") or {}
    return list(state.get("figures", []))


def summary(
    root: Path, arms: Sequence[str], seeds: Sequence[int], n_updates: int
) -> tuple[dict[str, Report], list[str]]:
    """Each arm's figures after each update, and what is left to be measured."""
    found: dict[str, Report] = {}
    left = []
    for arm in arms:
        by_seed = {seed: _figures(root, arm, seed) for seed in seeds}
        left += [f"{arm} s{seed}" for seed in seeds if len(by_seed[seed]) <= n_updates]
        looks = [_look(by_seed, number) for number in range(n_updates + 1)]
        costs = [one for figures in by_seed.values() for one in figures if "seconds" in one]
        if any(by_seed.values()):
            found[arm] = {"looks": looks, **_costs(costs)}
    return found, left


def _look(by_seed: dict[int, list[dict[str, Any]]], number: int) -> Report:
    there = {seed: found[number] for seed, found in by_seed.items() if len(found) > number}
    result: Report = {"n_seeds": len(there)}
    for name in RATES:
        scores = {
            seed: {str(index): float(value) for index, value in enumerate(one[name])}
            for seed, one in there.items()
        }
        estimate = mean_estimate(scores)
        if estimate is not None:
            result[name] = {key: round(value, 3) for key, value in estimate.as_json().items()}
    result["length_ratio"] = [one["length_ratio"] for one in there.values()]
    result["prompt_tokens"] = [round(one["prompt_tokens"]) for one in there.values()]
    result["kl_to_base"] = [one["kl_to_base"] for one in there.values() if "kl_to_base" in one]
    return result


def _costs(costs: Sequence[dict[str, Any]]) -> Report:
    if not costs:
        return {}
    seconds = [one["seconds"] for one in costs]
    return {
        "seconds_an_update": {
            "median": round(float(np.median(seconds)), 1),
            "worst": max(seconds),
            "n": len(seconds),
        },
        "peak_mb": max(one["peak_mb"] for one in costs),
        "load": [min(one["load"] for one in costs), max(one["load"] for one in costs)],
    }


def bars_of(root: Path, arms: dict[str, Report]) -> Report:
    """The bars of what was measured so far."""
    bars: Report = {}

    def end(arm: str, rate: str) -> float | None:
        last = arms.get(arm, {}).get("looks", [{}])[-1]
        return float(last[rate]["mean"]) if rate in last else None

    def put(name: str, value: float | None, limit: float, *, at_least: bool) -> None:
        if value is not None:
            bars[name] = bar(value, limit, at_least=at_least)

    listed, both = end("bullets", "list"), end("second", "list")
    put("bullets: list rate", listed, 0.7, at_least=True)
    put("bullets: on topic", end("bullets", "on_topic"), 0.8, at_least=True)
    put("irrelevant: list rate", end("irrelevant", "list"), 0.2, at_least=False)
    put("flip: prose rate", end("flip", "prose"), 0.6, at_least=True)
    if listed is not None and both is not None:
        put("second taste: list rate lost", listed - both, 0.2, at_least=False)
    put("long replies: list rate", end("long", "list"), 0.7, at_least=True)
    put("long replies: on topic", end("long", "on_topic"), 0.8, at_least=True)
    seconds = [one["seconds_an_update"]["median"] for one in arms.values() if _is_usual(one)]
    put("seconds of an update (median)", max(seconds, default=None), 180.0, at_least=False)
    beside = read_json(root / "beside.json")
    if beside:
        put("first token during an update, times idle", beside["ratio"], 2.0, at_least=False)
    return bars


def _is_usual(arm: Report) -> bool:
    return "seconds_an_update" in arm
