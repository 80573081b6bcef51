"""``make learn-edits``, second part: learning from edits that people made, not scripted users.

Two sets (``tests/fixtures/edits``): a professional writer's edits of paragraphs, and corrections of
one-sentence summaries. Each seed divides a set's prompts anew; adapters learn from one part, and
the other, which nobody trained on, is asked. Of each adapter and the base:

- ``edit_loglik``: mean log-probability of the person's edit, nats a token;
- ``prefers_edit``: share of prompts where the edit is likelier, by token, than the reply it mended;
- ``cost``: words that would have to change to get from its greedy answer to the person's edit, per
  word of the answer. The person edited another reply, so this says how near it comes, not what that
  person would have changed;
- ``repetitive``: share of its answers that go in circles, and what the product's gate says.

Each step is kept in ``var/evaluation/real-edits/``: started again it goes on. Writes
``var/reports/real-edits.json``; nothing here is a bar.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chat.edit_cost import edit_cost
from chat.preferences import Remembered, condense, nearest, prepend
from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from tests.benchmarks.edits_gate import gate_figures, question
from tests.benchmarks.edits_training import train_adapter
from tests.benchmarks.report import machine, parse_steps
from tests.engines import running_engine
from training.evaluation.statistics import Estimate, mean_estimate, paired_difference
from training.evaluation.strangers import load_strangers
from training.ml.health import is_repetitive
from uno_site.env import read_env
from uno_site.inference.client import HttpClient
from uno_site.inference.engine.models import reference_source
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling
from uno_site.inference.torch_base import BaseModel, prepare_base

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures/edits"
TOKEN = "bench"
KINDS = ("sft", "ensemble", "dpo")
ARMS = ("base", *KINDS, "cipher")
N_REGRESSION = 10
Row = dict[str, Any]
FIGURES = ("edit_loglik", "prefers_edit", "cost", "repetitive", "words")


@dataclass(frozen=True, slots=True)
class Source:
    """A set: how many prompts are learned and asked, and how long its texts may be, in tokens."""

    name: str
    n_train: int
    n_test: int
    max_prompt_tokens: int
    max_answer_tokens: int


SOURCES = (Source("defacto", 64, 24, 320, 96), Source("lamp", 48, 20, 128, 320))


@dataclass(frozen=True, slots=True)
class Bench:
    """An engine, the base model for the trainer, and where one set and seed keep their files."""

    client: HttpClient
    base: BaseModel
    source: Source
    folder: Path
    seed: int

    def rows(self) -> tuple[list[Row], list[Row]]:
        """The rows to learn from and those to ask; the same seed gives the same."""
        path = FIXTURES / f"{self.source.name}.jsonl"
        found = [json.loads(line) for line in path.read_text().splitlines()]
        random.Random(self.seed).shuffle(found)
        rows = [
            {
                "id": row["id"],
                "messages": [{"role": "user", "content": row["prompt"]}],
                "rejected": row["reply"],
                "chosen": row["edit"],
                "cost": edit_cost(row["reply"], row["edit"]),
            }
            for row in found
        ]
        n = self.source.n_train
        return rows[:n], rows[n : n + self.source.n_test]

    def measure(self, arm: str) -> Row:
        """One arm's figures, prompt by prompt; trained now if it learns."""
        train, test = self.rows()
        started = time.monotonic()
        if arm == "base":
            return self._figures("", test, [_asked(row) for row in test])
        if arm == "cipher":
            return self._figures("", test, self._with_preferences(train, test))
        adapter = train_adapter(
            self.folder / arm,
            self.base,
            arm,
            train,
            seed=self.seed,
            max_prompt_tokens=self.source.max_prompt_tokens,
            max_completion_tokens=self.source.max_answer_tokens,
        )
        seconds, model = time.monotonic() - started, f"{self.source.name}-{arm}-{self.seed}"
        self.client.load_adapter(model, str(adapter))
        try:
            found = self._figures(model, test, [_asked(row) for row in test])
            others = list(load_strangers())[:N_REGRESSION]
            gate = gate_figures(model, test, others, self._answer_by, self.client.embed)
            return found | gate | {"seconds": seconds}
        finally:
            self.client.unload_adapter(model)

    def _with_preferences(
        self, train: Sequence[Row], test: Sequence[Row]
    ) -> list[tuple[ChatMessage, ...]]:
        """The test prompts with what the edits of similar ones say, as the chat puts it."""
        vectors = self.client.embed([_query(row) for row in train])
        kept = tuple(
            Remembered(rule.text, vector)
            for row, vector in zip(train, vectors, strict=True)
            for rule in rules_from_edit(Correction(row["rejected"], row["chosen"]))
        )
        queries = self.client.embed([_query(row) for row in test])
        texts = [condense(nearest(kept, query)) for query in queries]
        return [prepend(_asked(row), found) for row, found in zip(test, texts, strict=True)]

    def _figures(
        self, model: str, test: Sequence[Row], asked: Sequence[tuple[ChatMessage, ...]]
    ) -> Row:
        answers, name = self._answer_by(asked, model), model or self._base_name()
        values: dict[str, dict[str, float]] = {figure: {} for figure in FIGURES}
        for row, turns, answer in zip(test, asked, answers, strict=True):
            edit, reply = (
                self.client.score(name, turns, row[key]).mean_logprob
                for key in ("chosen", "rejected")
            )
            of_row = (
                edit,
                float(edit > reply),
                edit_cost(answer, row["chosen"]),
                float(is_repetitive(answer)),
                float(len(answer.split())),
            )
            for figure, value in zip(FIGURES, of_row, strict=True):
                values[figure][row["id"]] = value
        return {"values": values, "answers": answers}

    def _answer_by(self, asked: Sequence[tuple[ChatMessage, ...]], model: str) -> list[str]:
        name, greedy = model or self._base_name(), Sampling(self.source.max_answer_tokens, 0.0)
        requests = [ChatRequest(name, turns, greedy) for turns in asked]
        return [answer.text.strip() for answer in self.client.chat_many(requests)]

    def _base_name(self) -> str:
        return self.client.health().base_model


def _query(row: Row) -> str:
    return str(row["messages"][-1]["content"])


def _asked(row: Row) -> tuple[ChatMessage, ...]:
    return question(_query(row))


def main(argv: Sequence[str] | None = None) -> int:
    """Take the steps that are missing, then write the report."""
    options = parse_steps("real_edits", argv)
    out = read_env().data_dir / "evaluation/real-edits"
    out.mkdir(parents=True, exist_ok=True)
    base = prepare_base(reference_source(), out / "torch-base")
    until = time.monotonic() + 60 * options.minutes
    environment = {"UNO_ENGINE_TOKEN": TOKEN, "UNO_DATA_DIR": str(out)}
    with running_engine(out, environment=environment) as engine:
        engine.wait_until_healthy()
        client = HttpClient(engine.url, TOKEN)
        for bench, arm, path in _missing(client, base, out, options.seeds):
            if time.monotonic() > until:
                sys.stdout.write("There are steps left.\n")
                return 2
            started = time.monotonic()
            path.write_text(json.dumps(bench.measure(arm), indent=1))
            took = f"{time.monotonic() - started:.0f} s"
            sys.stdout.write(f"{bench.source.name}, seed {bench.seed}, {arm}: {took}\n")
            sys.stdout.flush()
    _conclude(out, options.seeds)
    return 0


def _missing(
    client: HttpClient, base: BaseModel, out: Path, seeds: Sequence[int]
) -> Iterator[tuple[Bench, str, Path]]:
    for seed in seeds:
        for source in SOURCES:
            folder = out / f"{source.name}-{seed}"
            folder.mkdir(exist_ok=True)
            for arm in ARMS:
                path = folder / f"{arm}.json"
                if not path.exists():
                    yield Bench(client, base, source, folder, seed), arm, path


def _conclude(out: Path, seeds: Sequence[int]) -> None:
    report = {
        "machine": machine(model="SmolLM2-135M-Instruct"),
        "seeds": list(seeds),
        **{source.name: _table(out, source.name, seeds) for source in SOURCES},
    }
    path = read_env().data_dir / "reports/real-edits.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1))
    sys.stdout.write(json.dumps(report, indent=1) + f"\n{path}\n")


def _table(out: Path, source: str, seeds: Sequence[int]) -> Row:
    """By arm: each figure's mean and, but for the base, its difference to the base; both with
    95 % intervals over seeds and prompts."""
    found = {
        arm: {seed: _read(out / f"{source}-{seed}/{arm}.json") for seed in seeds} for arm in ARMS
    }
    return {arm: _figures_of(by_seed, found["base"]) for arm, by_seed in found.items()}


def _figures_of(by_seed: Mapping[int, Row], base: Mapping[int, Row]) -> Row:
    row: Row = {}
    for figure in FIGURES:
        own, other = (
            {seed: one["values"][figure] for seed, one in group.items()}
            for group in (by_seed, base)
        )
        row[figure] = _plain(mean_estimate(own))
        if by_seed is not base:
            row[f"{figure}_to_base"] = _plain(paired_difference(own, other))
    verdicts = [one["is_accepted"] for one in by_seed.values() if "is_accepted" in one]
    return row | ({"accepted": verdicts} if verdicts else {})


def _plain(estimate: Estimate | None) -> list[float]:
    """Mean, low and high."""
    if estimate is None:
        return []
    return np.round([estimate.mean, estimate.low, estimate.high], 3).tolist()


def _read(path: Path) -> Row:
    return dict(json.loads(path.read_text()))


if __name__ == "__main__":
    sys.exit(main())
