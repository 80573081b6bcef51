"""What may be left out when a cluster is trained: for measuring what each part is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from training.models import AdapterKind

Paths = Literal["gap", "expert_first", "expert_only"]
"""As the product decides, by gap or evidence (UNO §4-5); the expert first; no critic (§6)."""


@dataclass(frozen=True, slots=True)
class PathChoice:
    """How a cluster is trained; the fields are explained in
    :class:`training.services.learn_options.LearnOptions`."""

    paths: Paths = "gap"
    is_verified: bool = True
    is_shared: bool = False
    has_common_ground: bool = False

    def of(self, kinds: Sequence[str]) -> tuple[str, ...]:
        """The kinds to try, out of those that the product would try, in its order.

        Without verification there is no critic: none could be told to help.
        """
        if self.paths == "expert_only" or not self.is_verified:
            return (AdapterKind.EXPERT,)
        if self.paths == "expert_first":
            return tuple(sorted(kinds, key=lambda kind: kind != AdapterKind.EXPERT))
        return tuple(kinds)


PRODUCT = PathChoice()
"""Nothing is left out."""
