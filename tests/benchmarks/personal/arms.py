"""What is compared: who speaks, what learns from it, and where it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from training.ml.config import SMALL_HINDSIGHT, CriticConfig, HindsightConfig

from .tastes import BULLETS, PROSE, SECOND, Taste

#: ``hindsight`` and ``sft`` train an adapter; ``notes`` and ``turns`` tell the base model what
#: the user said, as notes in the system message or as the turns themselves.
Method = Literal["hindsight", "sft", "notes", "turns"]
TRAINED: tuple[Method, ...] = ("hindsight", "sft")


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to learn.

    ``after`` is the arm from whose last adapter it goes on. ``logs`` is the arm whose
    interactions it learns from; by default it has its own, from its own replies. ``config``
    are settings that differ from the small profile's. With ``is_reminded`` the teacher is told
    all that the user asked for in the same update, the reply's own next message last.
    """

    name: str
    tastes: tuple[Taste, ...]
    method: Method = "hindsight"
    after: str = ""
    logs: str = ""
    n_tokens: int = 48
    is_reminded: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs(self) -> str:
        """The arm that has to be finished first; empty for none."""
        return self.after or self.logs

    @property
    def n_before(self) -> int:
        """How many arms of interactions came before its own."""
        return 1 if self.after else 0


_BOTH = (BULLETS, SECOND)
ARMS: tuple[Arm, ...] = (
    Arm("bullets", (BULLETS,)),
    Arm("flip", (PROSE,), after="bullets"),
    Arm("second", _BOTH, after="bullets"),
    Arm("second-reminded", _BOTH, after="bullets", is_reminded=True),
    Arm("notes", (BULLETS,), "notes", logs="bullets"),
    Arm("turns", (BULLETS,), "turns", logs="bullets"),
    Arm("sft", (BULLETS,), "sft", logs="bullets"),
    Arm("irrelevant", ()),
    Arm("notes-flip", (PROSE,), "notes", logs="flip"),
    Arm("turns-flip", (PROSE,), "turns", logs="flip"),
    Arm("notes-second", _BOTH, "notes", logs="second"),
    Arm("turns-second", _BOTH, "turns", logs="second"),
    Arm("long", (BULLETS,), n_tokens=128),
    Arm("live", (BULLETS,), config={"teacher": "live"}),
    Arm("policy-gradient", (BULLETS,), config={"loss": "policy_gradient"}),
)
BY_NAME = {arm.name: arm for arm in ARMS}


def config_of(arm: Arm, **start: str) -> HindsightConfig | CriticConfig:
    """The trainer's settings; ``start`` is where it goes on from."""
    own = {"max_completion_tokens": max(arm.n_tokens, 2), **arm.config, **start}
    shared = SMALL_HINDSIGHT.to_json()
    if arm.method == "hindsight":
        return HindsightConfig.from_json({**shared, **own})
    names = CriticConfig().to_json()
    return CriticConfig.from_json({k: v for k, v in {**shared, **own}.items() if k in names})
