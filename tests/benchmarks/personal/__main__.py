"""``make learn-personal``: the reference model, the product's engine and the product's trainer.

A user asks for something whenever a reply lacks it, and is content where it does not; after each
update of so many interactions the learner answers questions that nobody has asked. What is done
is kept in ``var/learn-personal``, so the same command goes on where it was stopped; the report
is ``var/reports/learn-personal.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.report import machine
from tests.engines import running_engine
from training.simulation.prompts import load_prompts
from uno_site.env import read_env
from uno_site.files import write_json
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.models import reference_source
from uno_site.inference.torch_base import prepare_base

from .arms import ARMS, BY_NAME, Arm
from .beside import first_token_times
from .learner import Learner, Place
from .summary import bars_of, is_finished, summary

TOKEN = "bench"
N_HELD_OUT = 16


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is left of the arms and write the report.

    0 where the bars were reached, 1 where not, 3 where something is left to be measured.
    """
    options = _parse(argv)
    data = read_env().data_dir
    base = prepare_base(reference_source(), data / "models/torch-personal")
    work = data / "learn-personal/engine"
    work.mkdir(parents=True, exist_ok=True)
    # The file's own format, so that figures do not depend on which one is fastest here.
    environment = {"UNO_ENGINE_TOKEN": TOKEN, "UNO_DATA_DIR": str(work)}
    environment["UNO_MODEL_FORMAT"] = "original"
    deadline = time.monotonic() + 60 * options.minutes
    with running_engine(work, environment=environment) as engine:
        client = HttpClient(engine.url, TOKEN)
        place = Place(client, base, client.health().base_model, data / "learn-personal")
        for seed in options.seeds:
            for arm in (BY_NAME[name] for name in options.arms):
                _go_on(place, arm, seed, options, deadline)
        if options.beside and is_finished(place.root, "bullets", 0, 1):
            write_json(place.root / "beside.json", first_token_times(place, engine.url, TOKEN))
    return _conclude(place.root, data / "reports/learn-personal.json", options)


def _go_on(place: Place, arm: Arm, seed: int, options: argparse.Namespace, deadline: float) -> None:
    if time.monotonic() > deadline or not (
        not arm.needs or is_finished(place.root, arm.needs, seed, options.updates)
    ):
        return
    learner = Learner(place, arm, seed)
    held_out, asked = prompts(seed)
    while learner.n_done < options.updates and time.monotonic() < deadline:
        first = (learner.n_done + arm.n_before * options.updates) * options.size
        taken = [asked[(first + index) % len(asked)] for index in range(options.size)]
        figures = learner.step(held_out, taken)
        _say(f"{arm.name} s{seed} {learner.n_done}/{options.updates}", figures)
    learner.close()


def prompts(seed: int) -> tuple[list[str], list[str]]:
    """Questions that the model answers in prose: those held out, and those that are asked."""
    rng = np.random.default_rng(seed)
    explain = list(rng.permutation(load_prompts("explain")))
    others = [*load_prompts("noise", "trivia"), *load_prompts("control")]
    asked = rng.permutation([*explain[N_HELD_OUT:], *others])
    return [str(one) for one in explain[:N_HELD_OUT]], [str(one) for one in asked]


def _say(what: str, figures: dict[str, object]) -> None:
    shown = {
        key: round(float(np.mean(value)), 2) if isinstance(value, list) else value
        for key, value in figures.items()
        if key != "texts"
    }
    sys.stdout.write(f"{what}: {json.dumps(shown)}\n")
    sys.stdout.flush()


def _conclude(root: Path, path: Path, options: argparse.Namespace) -> int:
    arms, left = summary(root, [arm.name for arm in ARMS], options.seeds, options.updates)
    report = {"machine": machine(model="SmolLM2-135M-Instruct"), "left": left, "arms": arms}
    report["bars"] = bars = bars_of(root, arms)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))
    sys.stdout.write(f"{json.dumps(bars, indent=1)}\nleft: {left}\n{path}\n")
    asked = [one for one in left if one.rsplit(" ", 1)[0] in options.arms]
    if asked:
        return 3
    return 0 if all(one["is_met"] for one in bars.values()) else 1


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.personal")
    parser.add_argument("--arms", nargs="*", default=list(BY_NAME), choices=list(BY_NAME))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--updates", type=int, default=4)
    parser.add_argument("--size", type=int, default=16, help="interactions of one update")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no update after these")
    parser.add_argument("--beside", action="store_true", help="measure a chat during an update")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
