"""What a method has to offer: words before the question, or a way of learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.evaluation.retrieval import Embed
from training.evaluation.sets.protocol import Dialogue
from uno_site.inference.protocol import ChatMessage

Prompting = Callable[[Sequence[ChatMessage]], tuple[ChatMessage, ...]]
"""From an item's messages to those that the base model is asked."""

Remember = Callable[[Sequence[Dialogue], Embed], Prompting]
"""Read the past dialogues once; what comes back puts them before each question."""


@dataclass(frozen=True, slots=True)
class Method:
    """A named way to answer from what was logged.

    ``remember`` is set for methods that only change the prompt. The others are learned:
    ``learning`` are the options of the product's own loop (fields of
    :class:`training.services.learn_options.LearnOptions`), and answers go along the routes that
    the loop has published; None trains nothing. With ``n_batches`` the logs arrive in so many
    parts, each followed by a pass of the loop. With ``has_notes`` the experience store learns
    from the logs, and its notes stand before the questions that they fit.
    """

    name: str
    title: str
    text: str
    remember: Remember | None = None
    learning: Mapping[str, Any] | None = field(default_factory=dict)
    n_batches: int = 1
    has_notes: bool = False

    @property
    def is_learned(self) -> bool:
        """Whether the method needs an instance of its own, to train adapters or keep notes."""
        return self.remember is None

    @property
    def is_trained(self) -> bool:
        """Whether the method trains adapters."""
        return self.is_learned and self.learning is not None
