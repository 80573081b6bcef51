"""When the clusters of an evolving store are to be made anew (UNO §2, online)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from curation.ml.arrays import normalise_rows
from curation.ml.cuts import SizeFree
from curation.ml.micro import MicroConfig


@dataclass(frozen=True, slots=True)
class StoreState:
    """What happened to the store since it was last clustered.

    ``n_clustered`` entries were there then; ``n_new`` came, ``n_beyond`` of them from farther
    off than any cluster reaches; ``n_left`` were excluded, withdrawn or changed; ``max_drift``
    is the largest cosine distance that a centroid moved; ``is_outdated`` where the clusters
    were made by another rule or another embedder than those of now.
    """

    n_clustered: int = 0
    n_new: int = 0
    n_beyond: int = 0
    n_left: int = 0
    max_drift: float = 0.0
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class ReclusterConfig:
    """When joining the nearest centroid is no longer enough.

    ``new_share`` of entries that came or left, relative to those clustered; a centroid that
    drifted by ``max_drift`` (twenty random entries more in a topic of a hundred move it by about
    .002); or as many entries beyond every reach as make a cluster. Up to ``max_cheap`` entries
    clustering takes a second, so that nobody who left is waited for.
    """

    new_share: float = 0.2
    max_drift: float = 0.05
    max_cheap: int = MicroConfig().max_exact
    rule: SizeFree = field(default_factory=SizeFree)

    def reason(self, state: StoreState) -> str:
        """Why the store is to be clustered anew, in words; empty where it is not."""
        n_entries = state.n_clustered + state.n_new
        n_changed = state.n_new + state.n_left
        checks = (
            (not state.n_clustered and n_entries, "the first entries"),
            (state.is_outdated, "another clustering rule or embedder"),
            (
                state.n_left and state.n_clustered <= self.max_cheap,
                f"{state.n_left} entries left",
            ),
            (
                n_changed and n_changed >= self.new_share * state.n_clustered,
                f"{n_changed} of {state.n_clustered} entries came or left",
            ),
            (
                state.n_beyond >= self.rule.smallest(n_entries),
                f"{state.n_beyond} entries that no cluster reaches",
            ),
            (state.max_drift >= self.max_drift, f"a centroid moved by {state.max_drift:.2f}"),
        )
        return next((text for is_due, text in checks if is_due), "")


def centroid_drift(before: ArrayLike, after: ArrayLike) -> float:
    """Cosine distance between two centroids [d], 0 to 2; 1 where one of them is zero."""
    first, second = normalise_rows(before), normalise_rows(after)
    return float(np.clip(1 - (first * second).sum(), 0.0, 2.0))
