"""The scripted world of ``make learn-edits``: two domains, a strong and a weak user, and what
their edits cost; trained with the product's trainer, asked through the product's engine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chat.edit_cost import edit_cost
from tests.benchmarks.edits_gate import gate_figures, question
from tests.benchmarks.edits_training import train_adapter
from training.evaluation.strangers import load_strangers
from training.ml.health import is_repetitive
from training.simulation.email import EMAIL
from training.simulation.prompts import load_prompts
from training.simulation.tastes import Taste
from training.simulation.tips import TIPS
from training.simulation.users import SimulatedUser, simulate_feedback
from uno_site.inference.client import HttpClient
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling
from uno_site.inference.torch_base import BaseModel

TASTES: dict[str, Taste] = {"email": EMAIL, "tips": TIPS}
N_TRAIN, N_TEST, N_GATE, N_REGRESSION = 25, 10, 8, 10
MAX_TOKENS = 96
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prompts:
    """Which prompts are for what, as (domain, prompt); the same seed gives the same."""

    train: list[tuple[str, str]]
    test: list[tuple[str, str]]
    gate: list[tuple[str, str]]
    regression: list[str]

    @classmethod
    def of(cls, seed: int) -> Prompts:
        """Draw them; the domains take turns."""
        parts: dict[str, list[list[tuple[str, str]]]] = {"train": [], "test": [], "gate": []}
        for domain in TASTES:
            texts = list(load_prompts(domain))
            random.Random(f"{seed}/{domain}").shuffle(texts)
            start = 0
            for name, n in (("train", N_TRAIN), ("test", N_TEST), ("gate", N_GATE)):
                parts[name].append([(domain, text) for text in texts[start : start + n]])
                start += n
        mixed = {
            name: [one for pair in zip(*found, strict=True) for one in pair]
            for name, found in parts.items()
        }
        return cls(**mixed, regression=list(load_strangers())[:N_REGRESSION])


@dataclass(frozen=True, slots=True)
class World:
    """An engine, the base model for the trainer, and a folder for one seed's files."""

    client: HttpClient
    base: BaseModel
    folder: Path
    seed: int

    @property
    def prompts(self) -> Prompts:
        """This seed's prompts."""
        return Prompts.of(self.seed)

    def ask(
        self, asked: Sequence[tuple[ChatMessage, ...]], model: str = "", *, is_drawn: bool = False
    ) -> list[str]:
        """Answers of ``model`` (the base): greedy, or drawn as the chat does."""
        name = model or self.client.health().base_model
        heat, share = (0.7, 0.9) if is_drawn else (0.0, 1.0)
        requests = [
            ChatRequest(name, turns, Sampling(MAX_TOKENS, heat, share, 1000 * self.seed + index))
            for index, turns in enumerate(asked)
        ]
        return [answer.text.strip() for answer in self.client.chat_many(requests)]

    def logs(self) -> dict[str, list[Row]]:
        """The base's replies to the training and gate prompts, and both users' edits of them."""
        found: dict[str, list[Row]] = {}
        for part in ("train", "gate"):
            pairs = getattr(self.prompts, part)
            replies = self.ask([question(text) for _, text in pairs], is_drawn=True)
            for user in ("strong", "weak"):
                rng = random.Random(f"{self.seed}/{part}/{user}")
                found[f"{part}-{user}"] = [
                    _edit_row(f"{part}{index}", *pair, reply, user, rng)
                    for index, (pair, reply) in enumerate(zip(pairs, replies, strict=True))
                ]
        return found

    def train(self, name: str, kind: str, rows: Sequence[Row], **changes: Any) -> Path:
        """Train one adapter on these edits; its folder. What was trained is not trained again."""
        run = self.folder / name
        return train_adapter(run, self.base, kind, rows, seed=self.seed, **changes)

    def measure(self, model: str, gate_rows: Sequence[Row] = ()) -> Row:
        """What the strong user would change in the greedy answers to the test prompts; with
        ``gate_rows`` also what the gate says."""
        test = self.prompts.test
        texts = self.ask([question(text) for _, text in test], model)
        found = self.figures(texts)
        if gate_rows:
            others = self.prompts.regression
            found |= gate_figures(model, gate_rows, others, self.ask, self.client.embed)
        return found

    def figures(self, texts: Sequence[str]) -> Row:
        """Costs of answers to the test prompts."""
        test = self.prompts.test
        costs = [
            edit_cost(text, TASTES[domain].edit(text, prompt))
            for (domain, prompt), text in zip(test, texts, strict=True)
        ]
        domains = np.array([domain for domain, _ in test])
        by_domain = {name: float(np.array(costs)[domains == name].mean()) for name in TASTES}
        return {
            "cost": float(np.mean(costs)),
            **{f"cost_{domain}": value for domain, value in by_domain.items()},
            "costs": costs,
            "mean_words": float(np.mean([len(text.split()) for text in texts])),
            "repetitive": float(np.mean([is_repetitive(text) for text in texts])),
            "examples": list(texts[:2]),
        }


def _edit_row(key: str, domain: str, prompt: str, reply: str, user: str, rng: random.Random) -> Row:
    taste = TASTES[domain]
    person = SimulatedUser(user, "strong" if user == "strong" else "weak", taste)
    edited = simulate_feedback(prompt, reply, person, rng).correction or reply
    return {
        "id": f"{key}/{user}",
        "messages": [{"role": "user", "content": prompt}],
        "chosen": edited,
        "rejected": reply,
        "cost": edit_cost(reply, edited),
    }
