"""Prompts outside every cluster: what a routed system must leave to the base model.

The regression slices, held against the topics of the set that was learned from: IFEval asks for
letters, itineraries and explanations too, and a prompt of a topic is not outside it. Which ones
those are was decided by reading the prompts (``data/inside.json``), never by the router.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from training.evaluation.sets.gsm8k import Gsm8k
from training.evaluation.sets.ifeval import IfEval
from training.evaluation.sets.perplexity import Passage, held_out_passages
from training.evaluation.sets.protocol import Dialogue, EvaluationSet, Item, Metric, Scores
from training.evaluation.sets.regression import (
    SLICES,
    RegressionConfig,
    RegressionItems,
    regression_items,
)
from training.evaluation.sets.simulated import CONTROL, SimulatedSet

PREFIX = "outside/"
IFEVAL, GSM8K, TEXT = (f"{PREFIX}{name}" for name in ("ifeval", "gsm8k", "text"))
SURPRISE = "surprise"
"""The score of a passage: its mean negative log-probability per token."""
SIZES: Mapping[str, RegressionConfig] = {
    "small": RegressionConfig(n_ifeval=12, n_gsm8k=8),
    "full": RegressionConfig(),
}
_INSIDE = Path(__file__).resolve().parents[1] / "data" / "inside.json"


@cache
def inside_topics() -> Mapping[str, str]:
    """By item id, the simulated topic that an otherwise unrelated prompt belongs to."""
    found: dict[str, str] = json.loads(_INSIDE.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class OutsideSet:
    """Implements :class:`training.evaluation.sets.protocol.EvaluationSet`; it only judges.

    ``topics`` are those that the system has learned from; prompts of theirs are left out.
    """

    config: RegressionConfig
    topics: tuple[str, ...] = ()

    name = "outside"
    title = "Outside every cluster"
    metrics = (
        Metric("strict", "IFEval, strict"),
        Metric("loose", "IFEval, loose"),
        Metric("exact", "GSM8K, exact"),
    )

    @cached_property
    def _slices(self) -> RegressionItems:
        return regression_items(config=self.config)

    def dialogues(self, seed: int) -> Sequence[Dialogue]:
        """None: nothing is ever learned from these prompts."""
        return ()

    def items(self, seed: int) -> Sequence[Item]:
        """The same prompts whatever the seed."""
        groups = ((IFEVAL, self._slices.ifeval), (GSM8K, self._slices.gsm8k))
        named = [
            replace(item, id=f"{topic.removeprefix(PREFIX)}/{item.id}", topic=topic)
            for topic, items in groups
            for item in items
        ]
        return [item for item in named if self.is_outside(item.id)]

    def passages(self) -> Sequence[Passage]:
        """The paragraphs whose perplexity is measured."""
        named = [replace(one, id=f"text/{one.id}") for one in held_out_passages()]
        return [one for one in named if self.is_outside(one.id)]

    def is_outside(self, item_id: str) -> bool:
        """Whether a prompt belongs to none of the topics."""
        return inside_topics().get(item_id) not in self.topics

    def score(self, item: Item, answer: str) -> Scores:
        """IFEval's or GSM8K's own scores."""
        if item.topic == IFEVAL:
            return IfEval(SLICES).score(item, answer)
        return Gsm8k(SLICES).score(item, answer)


def outside_of(found: EvaluationSet, size: str) -> OutsideSet:
    """The prompts outside everything that is learned from a set; ``size`` is a key of SIZES."""
    topics = found.size.topics if isinstance(found, SimulatedSet) else ()
    return OutsideSet(SIZES[size], tuple(topics))


def is_outside_answer(topic: str) -> bool:
    """Whether an answer's topic says that its prompt was asked for this measurement."""
    return topic.startswith(PREFIX)


__all__ = [
    "CONTROL",
    "GSM8K",
    "IFEVAL",
    "PREFIX",
    "SIZES",
    "SURPRISE",
    "TEXT",
    "OutsideSet",
    "inside_topics",
    "is_outside_answer",
    "outside_of",
]
