"""How a pass of the loop goes, and what may be left out of it to measure what that is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from uno_site.errors import InvalidInput

from .path_choice import PathChoice, Paths


@dataclass(frozen=True, slots=True)
class LearnOptions:
    """How a pass goes: ``approve_all`` lets everything unflagged train without a curator.

    With ``has_common_ground`` clusters' first experts begin from what all topics have in common
    (the setting of that name).

    The others are for measuring what each part of the loop is worth (ablations); the defaults
    are the product. ``paths`` says which kinds are tried. Without ``is_verified`` an expert is
    served as its last epoch left it; without ``is_noise_filtered`` clusters that are flagged as
    noise learn too; without ``is_clustered`` all entries make one cluster that answers every
    question. Without ``is_reach_checked`` routes keep their clusters' reach, however much they
    take that is nobody's. ``is_shared`` keeps run folders by their content, so that instances
    with one folder of runs train equal material once.
    """

    approve_all: bool = False
    promote: bool = True
    seed: int = 0
    paths: Paths = "gap"
    is_verified: bool = True
    is_noise_filtered: bool = True
    is_clustered: bool = True
    is_reach_checked: bool = True
    is_shared: bool = False
    has_common_ground: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """The options that a job's parameters name; the others have their defaults.

        Raises
        ------
        InvalidInput
            A value of another type than the option's.
        """
        known = {name: params[name] for name in _option_names() if name in params}
        for name, value in known.items():
            wanted = type(getattr(cls(), name))
            if type(value) is not wanted:
                raise InvalidInput(
                    f"The option {name} is {value!r}.", remedy=f"It must be {wanted.__name__}."
                )
        return cls(**known)

    @property
    def choice(self) -> PathChoice:
        """What concerns a single cluster's training."""
        return PathChoice(self.paths, self.is_verified, self.is_shared, self.has_common_ground)


WHOLE = LearnOptions()
"""A pass as the product makes it: nothing is left out."""


def _option_names() -> list[str]:
    return [field.name for field in fields(LearnOptions)]
