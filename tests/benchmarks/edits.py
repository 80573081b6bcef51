"""``make learn-edits``: what each way of learning from edits costs its users.

On the reference model. A strong user rewrites a reply until all rules of their taste hold, a weak
one repairs one rule at random; both were logged on 50 replies of the base model, e-mails and tips
in turn. Cost is that of the strong user's edit of greedy answers to 20 prompts that nobody asked
(arXiv 2601.19055). Each step is kept in ``var/evaluation/learn-edits/``: started again it goes on.
Writes ``var/reports/learn-edits.json``.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from chat.bandit import choice_probabilities, make_history
from chat.preferences import Remembered, condense, nearest, prepend
from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from tests.benchmarks.edits_gate import question
from tests.benchmarks.edits_world import Row, World
from tests.benchmarks.report import bar, machine, parse_steps
from tests.engines import running_engine
from training.ml.config import EDIT_KINDS
from uno_site.env import read_env
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.models import reference_source
from uno_site.inference.torch_base import prepare_base

TOKEN = "bench"
USERS = ("strong", "weak")
GROWTH = (5, 10, 25, 50)
#: The late ensemble's turns (the paper's T), and how often that is played.
N_TURNS, N_PLAYS = 200, 50
Step = Callable[[], Row]


def steps(world: World) -> Iterator[tuple[str, Step]]:
    """Every step of a seed by name, in an order in which each finds what it needs."""
    yield "logs", lambda: dict(world.logs())
    yield "base", lambda: world.measure("")
    for user in USERS:
        for kind in EDIT_KINDS:
            yield f"{kind}-{user}", lambda kind=kind, user=user: _learn(world, kind, user)
        yield f"late-{user}", lambda user=user: _late(world, user)
    for n in GROWTH:
        yield f"cipher-{n}", lambda n=n: _cipher(world, n)
        if n < GROWTH[-1]:
            yield f"early-{n}", lambda n=n: _early_of(world, n)


def _learn(world: World, kind: str, user: str) -> Row:
    logs = kept(world, "logs")
    started = time.monotonic()
    adapter = world.train(f"{kind}-{user}", kind, logs[f"train-{user}"])
    seconds = time.monotonic() - started
    return _asked(world, f"{kind}-{user}", adapter, logs[f"gate-{user}"]) | {"seconds": seconds}


def _early_of(world: World, n: int) -> Row:
    """The early ensemble from the first ``n`` edits, in about as many steps as from all."""
    n_epochs = math.ceil(18 / math.ceil(n / 8))
    rows = kept(world, "logs")["train-strong"][:n]
    adapter = world.train(f"early-{n}", "ensemble", rows, n_epochs=n_epochs)
    return _asked(world, f"early-{n}", adapter, ())


def _asked(world: World, name: str, adapter: Path, gate_rows: Sequence[Row]) -> Row:
    model = f"{name}-{world.seed}"
    world.client.load_adapter(model, str(adapter))
    try:
        return world.measure(model, gate_rows)
    finally:
        world.client.unload_adapter(model)


def _late(world: World, user: str) -> Row:
    """The bandit over what was learned, each turn a test prompt drawn at random."""
    names = ["base", *(f"{kind}-{user}" for kind in ("sft", "ensemble", "dpo"))]
    costs = np.array([kept(world, name)["costs"] for name in names])  # [arms, prompts]
    rng, plays, shares = np.random.default_rng(world.seed), [], np.zeros(len(names))
    for _ in range(N_PLAYS):
        rows: list[tuple[int, float]] = []
        for _ in range(N_TURNS):
            arm = int(
                rng.choice(len(names), p=choice_probabilities(make_history(rows), len(names)))
            )
            rows.append((arm, float(costs[arm, rng.integers(costs.shape[1])])))
        plays.append(float(np.mean([cost for _, cost in rows])))
        shares += np.bincount([arm for arm, _ in rows], minlength=len(names)) / N_TURNS / N_PLAYS
    return {"cost": float(np.mean(plays)), "shares": dict(zip(names, shares.tolist(), strict=True))}


def _cipher(world: World, n: int) -> Row:
    """The base with the preferences that the first ``n`` edits say, found and put before the
    question as the chat does it."""
    rows = kept(world, "logs")["train-strong"][:n]
    vectors = world.client.embed([row["messages"][-1]["content"] for row in rows])
    kept_texts = [
        Remembered(rule.text, vector)
        for row, vector in zip(rows, vectors, strict=True)
        for rule in rules_from_edit(Correction(row["rejected"], row["chosen"]))
    ]
    test = [text for _, text in world.prompts.test]
    found = [condense(nearest(tuple(kept_texts), query)) for query in world.client.embed(test)]
    asked = [prepend(question(text), texts) for text, texts in zip(test, found, strict=True)]
    return world.figures(world.ask(asked)) | {"preferences": found[:2]}


def kept(world: World, name: str) -> Row:
    """What a step found."""
    return dict(json.loads((world.folder / f"{name}.json").read_text()))


def main(argv: Sequence[str] | None = None) -> int:
    """Take the steps that are missing, then write the report; 0 where the bars were reached."""
    options = parse_steps("edits", argv)
    out = read_env().data_dir / "evaluation/learn-edits"
    out.mkdir(parents=True, exist_ok=True)
    base = prepare_base(reference_source(), out / "torch-base")
    environment = {"UNO_ENGINE_TOKEN": TOKEN, "UNO_DATA_DIR": str(out)}
    until = time.monotonic() + 60 * options.minutes
    with running_engine(out, environment=environment) as engine:
        engine.wait_until_healthy()
        for seed in options.seeds:
            world = World(HttpClient(engine.url, TOKEN), base, out / f"seed-{seed}", seed)
            world.folder.mkdir(exist_ok=True)
            for name, step in steps(world):
                path = world.folder / f"{name}.json"
                if path.exists():
                    continue
                if time.monotonic() > until:
                    sys.stdout.write("There are steps left.\n")
                    return 2
                started = time.monotonic()
                found = step()
                path.write_text(json.dumps(found, indent=1))
                _say(seed, name, found, time.monotonic() - started)
    return _conclude(out, options.seeds)


def _conclude(out: Path, seeds: Sequence[int]) -> int:
    table = _table(out, seeds)
    report = {
        "machine": machine(model="SmolLM2-135M-Instruct"),
        "seeds": list(seeds),
        "cost": table,
        "refused": {
            name: [not json.loads(path.read_text())["is_accepted"] for path in paths]
            for name, paths in _paths(out, seeds).items()
            if "is_accepted" in json.loads(paths[0].read_text())
        },
        "bars": _bars(table),
    }
    path = read_env().data_dir / "reports/learn-edits.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))
    sys.stdout.write(json.dumps(report, indent=1) + f"\n{path}\n")
    return 0 if all(one["is_met"] for one in report["bars"].values()) else 1


def _paths(out: Path, seeds: Sequence[int]) -> dict[str, list[Path]]:
    names = [path.stem for path in (out / f"seed-{seeds[0]}").glob("*.json") if path.stem != "logs"]
    return {name: [out / f"seed-{seed}/{name}.json" for seed in seeds] for name in sorted(names)}


def _table(out: Path, seeds: Sequence[int]) -> dict[str, float]:
    """Mean cost over the seeds by step."""
    return {
        name: float(np.mean([json.loads(path.read_text())["cost"] for path in paths]))
        for name, paths in _paths(out, seeds).items()
    }


def _bars(cost: Mapping[str, float]) -> Row:
    """What is asked of the strong user's edits, and of the weak one's."""
    strong, weak = ({k: cost[f"{k}-{user}"] for k in ("sft", "dpo", "ensemble")} for user in USERS)
    late = {
        f"late_above_best_{user}": cost[f"late-{user}"] - min(cost["base"], *found.values())
        for user, found in zip(USERS, (strong, weak), strict=True)
    }
    return {
        "early_over_sft_strong": bar(strong["ensemble"] / strong["sft"], 1.0, at_least=False),
        "sft_over_base_strong": bar(strong["sft"] / cost["base"], 0.5, at_least=False),
        "early_over_sft_weak": bar(weak["ensemble"] / weak["sft"], 1.0, at_least=False),
        **{name: bar(value, 0.05, at_least=False) for name, value in late.items()},
    }


def _say(seed: int, name: str, found: Row, seconds: float) -> None:
    shown = {key: found[key] for key in ("cost", "is_accepted", "gate") if key in found}
    sys.stdout.write(f"seed {seed}, {name} ({seconds:.0f} s): {json.dumps(shown)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
