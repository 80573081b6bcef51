"""What an evaluation set has to offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from training.simulation import PlannedEntry
from uno_site.inference.protocol import ChatMessage

Scores = Mapping[str, float]
"""By metric name: finite values, each of the same meaning over the whole set. A metric that
does not apply to an item is left out."""


@dataclass(frozen=True, slots=True)
class Item:
    """One held-out prompt.

    ``topic`` groups items in the report ("" where there are no groups); ``facts`` is what the
    set needs to score an answer, in plain JSON values.
    """

    id: str
    messages: tuple[ChatMessage, ...]
    topic: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One logged conversation that methods may learn from.

    ``messages`` end with the user's question, ``reply`` is what it got, ``follow_ups`` the
    user's later turns, ``thumb`` -1, 0 (none) or 1, ``correction`` what the user made of the
    reply. ``truth`` is the set's own knowledge ("noise", a topic): never shown to a method.
    """

    id: str
    user: str
    messages: tuple[ChatMessage, ...]
    reply: str
    follow_ups: tuple[str, ...] = ()
    thumb: int = 0
    correction: str | None = None
    truth: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A score's name, how it is read, and its bounds."""

    name: str
    title: str
    higher_is_better: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)


class EvaluationSet(Protocol):
    """Held-out prompts, what may be learned from, and how answers are scored.

    Nothing in :meth:`dialogues` shares a prompt with :meth:`items`. The first metric is the
    one that decides.
    """

    name: str
    title: str
    metrics: tuple[Metric, ...]

    def dialogues(self, seed: int) -> Sequence[Dialogue]:
        """What was logged; empty for a set that only judges."""
        ...

    def items(self, seed: int) -> Sequence[Item]:
        """The held-out prompts, in a fixed order."""
        ...

    def score(self, item: Item, answer: str) -> Scores:
        """Every metric of one answer.

        Answers are scored one by one; a metric that needs the base model's answer or an
        embedding belongs to the runner.
        """
        ...


@runtime_checkable
class LivedSet(EvaluationSet, Protocol):
    """A set whose dialogues are had with the served model: its users react to what they get.

    :meth:`dialogues` is empty; the runner has the planned conversations in an instance of
    their own and makes the dialogues of them.
    """

    def plan(self, seed: int) -> Sequence[PlannedEntry]:
        """The conversations to have, in order."""
        ...
