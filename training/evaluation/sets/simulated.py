"""Set (a): a deployment whose users' tastes can be checked by a program.

Six topics of 20 conversations each, a quarter of their users weak, and 40 conversations of
noise (25 % of all): contradictory, irrelevant, hostile, or content without saying with what,
12 of them about the topics' own questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chat.edit_cost import edit_cost
from training.evaluation.sets.protocol import Dialogue, Item, Metric, Scores
from training.simulation import (
    AGAINST,
    ALL_TOPICS,
    NOISE,
    Deployment,
    NoisePlan,
    PlannedEntry,
    Taste,
    build_deployment,
)
from uno_site.inference.protocol import ChatMessage

CONTROL = "control"
"""The topic of prompts that belong to no cluster: the base model should answer them."""


@dataclass(frozen=True, slots=True)
class SimulationSize:
    """How much of everything; ``n_control`` prompts of no topic are asked beside the rest."""

    topics: tuple[str, ...] = tuple(ALL_TOPICS)
    n_entries_per_topic: int = 20
    n_noise: int = 28
    n_noise_on_topics: int = 12
    n_held_out: int = 10
    n_control: int = 10
    weak_share: float = 0.25


class SimulatedSet:
    """Implements :class:`training.evaluation.sets.protocol.LivedSet`."""

    metrics = (
        Metric("adherence", "Rules obeyed"),
        Metric("all_rules", "All rules obeyed"),
        Metric("edit_cost", "Edit cost", higher_is_better=False, bounds=(0.0, float("inf"))),
    )

    def __init__(
        self,
        size: SimulationSize = SimulationSize(),
        name: str = "simulated",
        title: str = "Simulated deployment",
    ) -> None:
        self.size, self.name, self.title = size, name, title
        self._deployment = cache(self._build)

    def _build(self, seed: int) -> Deployment:
        size = self.size
        return build_deployment(
            seed,
            n_entries_per_topic=size.n_entries_per_topic,
            n_noise=size.n_noise,
            n_held_out=size.n_held_out,
            weak_share=size.weak_share,
            tastes=self.tastes,
            noise=NoisePlan((NOISE, f"{NOISE}_wide"), size.n_noise_on_topics),
        )

    @property
    def tastes(self) -> Mapping[str, Taste]:
        """The tastes of the set's topics."""
        return {topic: ALL_TOPICS[topic] for topic in self.size.topics}

    def plan(self, seed: int) -> Sequence[PlannedEntry]:
        """The conversations to have, in order."""
        return self._deployment(seed).entries

    def dialogues(self, seed: int) -> Sequence[Dialogue]:
        """Nothing: they are lived."""
        return ()

    def items(self, seed: int) -> Sequence[Item]:
        """The held-out prompts, topic by topic, then those of no topic."""
        deployment = self._deployment(seed)
        by_topic = {**deployment.held_out, CONTROL: deployment.control[: self.size.n_control]}
        return [
            _item(topic, number, prompt)
            for topic, prompts in by_topic.items()
            for number, prompt in enumerate(prompts)
        ]

    def score(self, item: Item, answer: str) -> Scores:
        """What the topic's users think; nothing for a prompt of no topic."""
        if item.topic == CONTROL:
            return {}
        taste = ALL_TOPICS[item.topic]
        obeyed = [rule.check(answer) for rule in taste.rules]
        return {
            "adherence": sum(obeyed) / len(obeyed),
            "all_rules": float(all(obeyed)),
            "edit_cost": edit_cost(answer, taste.edit(answer, item.messages[-1].content)),
        }


def _item(topic: str, number: int, prompt: str) -> Item:
    facts: dict[str, Any] = {"habit": _habit(topic)}
    return Item(f"{topic}-{number:02}", (ChatMessage("user", prompt),), topic, facts)


def _habit(topic: str) -> str:
    """How the topic's taste stands to what the model does anyway."""
    if topic == CONTROL:
        return ""
    return "against" if topic in AGAINST else "in line"


def make_set(path: Path | None = None) -> SimulatedSet:
    """The set as the reports have it; it needs no file."""
    return SimulatedSet()
