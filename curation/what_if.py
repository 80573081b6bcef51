"""What another gap threshold would change: computed for looking at, never stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chat.models import RouteKind
from curation.ml.gap import route_for_gap
from curation.models import Cluster, CurationPolicy
from curation.selectors import cluster_list


@dataclass(frozen=True, slots=True)
class RouteChange:
    """One cluster with the route that it has now and the one under another threshold."""

    cluster: Cluster
    now: str
    then: str

    @property
    def is_changed(self) -> bool:
        """Whether the other threshold gives another route."""
        return self.now != self.then


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A threshold tried out: every current cluster's routes, the changed ones first."""

    threshold: float
    saved: float
    changes: Sequence[RouteChange]

    @property
    def n_changed(self) -> int:
        """Clusters that would get another route."""
        return sum(change.is_changed for change in self.changes)

    @property
    def counts(self) -> list[tuple[str, int, int]]:
        """(route's name, clusters now, clusters then) for each route."""
        now = Counter(change.now for change in self.changes)
        then = Counter(change.then for change in self.changes)
        return [(kind.label, now[kind], then[kind]) for kind in RouteKind]


def route_at(cluster: Cluster, threshold: float) -> str:
    """The route that a cluster's gap asks for at a threshold.

    What trains nothing (noise, excluded) stays with the base model, as does a cluster whose gap
    was not measured.
    """
    if cluster.gap is None or cluster.is_noise or cluster.is_excluded:
        return RouteKind.BASE
    return RouteKind(route_for_gap(cluster.gap, threshold))


def what_if(
    threshold: float, *, clusters: Sequence[Cluster] | None = None, saved: float | None = None
) -> WhatIf:
    """The routes of all current clusters now and under ``threshold``; nothing is written.

    Who has read ``clusters`` (all current ones) and the ``saved`` threshold already says so.
    """
    saved = CurationPolicy.current().gap_threshold if saved is None else saved
    changes = [
        RouteChange(cluster, route_at(cluster, saved), route_at(cluster, threshold))
        for cluster in (cluster_list() if clusters is None else clusters)
    ]
    return WhatIf(threshold, saved, sorted(changes, key=lambda change: not change.is_changed))
