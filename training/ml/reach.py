"""How far routes may reach: prompts that have nothing to do with a cluster must pass it by.

A cluster's members alone do not tell where it ends (in a sentence embedder's space a new
"Write a poem …" lies hardly farther from "Write an e-mail …" than another e-mail does), so a
fixed sample of unrelated prompts, the *strangers*, is held against the routes. Where they take
too many of them, their reach is narrowed, where that costs the fewest of their own entries.

A sample of every kind holds some that are no strangers to a cluster of that kind: a stranger
that lies nearer than half of a cluster's own entries is its own, unless it has many of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chat.router import UNSEEN, Router


@dataclass(frozen=True, slots=True)
class ReachConfig:
    """``min_base_share``: the share of the strangers that must be left to the base model.

    ``min_kept``: a route is not narrowed where fewer than this share of its own entries would
    stay within its reach; it is then the route, not its reach, that is too wide.
    ``max_own``: up to this share of the strangers may be a route's own (the largest kind of the
    sample is a tenth); who would have more is too wide, and has none.
    """

    min_base_share: float = 0.98
    min_kept: float = 0.7
    max_own: float = 0.1


@dataclass(frozen=True, slots=True)
class Reaching:
    """One route as the check sees it.

    ``centroid`` [d]; ``limit`` its reach, inf for everywhere; ``is_served`` whether an adapter
    answers; ``own`` [m] the distances of its cluster's entries to the centroid.
    """

    centroid: NDArray[np.float32]
    limit: float
    is_served: bool
    own: NDArray[np.float64]

    def kept(self, limit: float) -> float:
        """Share in [0, 1] of its own entries that a reach of ``limit`` holds; 1 without any."""
        return float(np.mean(self.own <= limit)) if self.own.size else 1.0


@dataclass(frozen=True, slots=True)
class Reach:
    """The outcome for k routes and n strangers, those that are a route's own left out.

    ``limits`` [k]; ``taken`` [n] the index of the served route that takes each stranger, or
    :data:`~chat.router.UNSEEN`; ``strangers`` [n] their rows in the sample; ``is_enough``
    whether the base model keeps its share.
    """

    limits: NDArray[np.float64]
    taken: NDArray[np.int64]
    strangers: NDArray[np.int64]
    is_enough: bool

    @property
    def base_share(self) -> float:
        """Share of the strangers that are left to the base model; 1 without strangers."""
        return float(np.mean(self.taken == UNSEEN)) if self.taken.size else 1.0


def check_reach(
    routes: Sequence[Reaching], strangers: ArrayLike, config: ReachConfig | None = None
) -> Reach:
    """Which strangers the routes take as they are; nothing is narrowed."""
    config = config or ReachConfig()
    limits = np.array([route.limit for route in routes], dtype=np.float64)
    taken, _, rows = _taken(routes, limits, np.asarray(strangers), config)
    return Reach(limits, taken, rows, _is_enough(taken, config))


def narrow_reach(
    routes: Sequence[Reaching], strangers: ArrayLike, config: ReachConfig | None = None
) -> Reach:
    """Narrow served routes until the base model keeps its share of the strangers, if it can.

    Step by step the reach of one route ends just before the farthest stranger that it takes: of
    the route which loses the smallest share of its own entries by it, the first of equals. No
    route falls below ``min_kept``; if the share is not reached then, :attr:`Reach.is_enough` is
    False and the limits are the narrowest allowed.

    Parameters
    ----------
    strangers
        [n, d] embeddings of the unrelated prompts.

    Raises
    ------
    ValueError
        Embeddings of another dimension than the centroids.
    """
    config = config or ReachConfig()
    limits = np.array([route.limit for route in routes], dtype=np.float64)
    taken, distances, rows = _taken(routes, limits, np.asarray(strangers), config)
    while not _is_enough(taken, config):
        step = _cheapest_step(routes, limits, taken, distances, config)
        if step is None:
            break
        index, limit = step
        limits[index] = limit
        taken = np.where((taken == index) & (distances > limit), UNSEEN, taken)
    return Reach(limits, taken, rows, _is_enough(taken, config))


def _is_enough(taken: NDArray[np.int64], config: ReachConfig) -> bool:
    return int((taken == UNSEEN).sum()) >= config.min_base_share * taken.size


def _taken(
    routes: Sequence[Reaching],
    limits: NDArray[np.float64],
    sample: NDArray[np.float32],
    config: ReachConfig,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """By stranger: the served route that takes it, the distance to the nearest centroid, and its
    row in the sample."""
    names = [str(index) for index in range(len(routes))]
    router = Router([route.centroid for route in routes], names, limits.tolist())
    assigned = router.assign(sample)
    served = np.array([*(route.is_served for route in routes), False])
    taken = np.where(served[assigned.indices], assigned.indices, UNSEEN).astype(np.int64)
    distances = assigned.distances.astype(np.float64)
    rows = np.flatnonzero(~_are_own(routes, taken, distances, config))
    return taken[rows], distances[rows], rows


def _are_own(
    routes: Sequence[Reaching],
    taken: NDArray[np.int64],
    distances: NDArray[np.float64],
    config: ReachConfig,
) -> NDArray[np.bool_]:
    """Which of the sample are no strangers to the route that takes them."""
    found = np.zeros(taken.size, dtype=bool)
    for index, route in enumerate(routes):
        if route.own.size:
            near = (taken == index) & (distances <= np.median(route.own))
            if near.sum() <= config.max_own * taken.size:
                found |= near
    return found


def _cheapest_step(
    routes: Sequence[Reaching],
    limits: NDArray[np.float64],
    taken: NDArray[np.int64],
    distances: NDArray[np.float64],
    config: ReachConfig,
) -> tuple[int, float] | None:
    """The route to narrow next and its new reach; None where none may be narrowed."""
    steps = []
    for index in sorted(set(taken[taken != UNSEEN].tolist())):
        route = routes[index]
        farthest = distances[taken == index].max()
        # The router compares in single precision: the reach ends at the number before.
        limit = float(np.nextafter(np.float32(farthest), np.float32(0)))
        if route.kept(limit) >= config.min_kept:
            steps.append((route.kept(limits[index]) - route.kept(limit), index, limit))
    if not steps:
        return None
    _, index, limit = min(steps)
    return index, limit
