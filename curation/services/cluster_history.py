"""What happens to clusters, as rows: a cluster's history outlives every re-clustering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curation.matching import merge_targets, split_origins
from curation.ml.online import centroid_drift
from curation.models import Cluster, ClusterEvent, ClusterEventKind

Members = Mapping[Any, set[Any]]
MIN_DRIFT = 1e-6
"""Less is rounding."""


def joining_record(*, cluster: Cluster, n_joined: int, moved_from: np.ndarray) -> ClusterEvent:
    """Entries joined a cluster, whose centroid lay at ``moved_from`` before."""
    return ClusterEvent.objects.create(
        cluster=cluster,
        kind=ClusterEventKind.JOINED,
        n_entries=cluster.n_members,
        n_moved=n_joined,
        drift=centroid_drift(moved_from, cluster.centroid_vector),
    )


def reclustering_record(
    *,
    before: Mapping[Any, Cluster],
    old: Members,
    clusters: Sequence[Cluster],
    new: Sequence[set[Any]],
    kept_kind: str = ClusterEventKind.RECLUSTERED,
) -> list[ClusterEvent]:
    """What a re-clustering, or a curator, did to every cluster of before and of now.

    Parameters
    ----------
    before, old
        The clusters until now with their old centroids, and their members, by id.
    clusters, new
        The clusters from now on, those that continue with their id, and their members.
    kept_kind
        What is told of a cluster that goes on with other members.
    """
    matches = [cluster.pk if cluster.pk in before else None for cluster in clusters]
    origins = split_origins(old, new, matches)
    events = [
        _kept(before[cluster.pk], cluster, old[cluster.pk] ^ group, kept_kind)
        if cluster.pk in before
        else _begun(cluster, origin, before)
        for cluster, group, origin in zip(clusters, new, origins, strict=True)
    ]
    for key, target in merge_targets(old, new, matches).items():
        events.append(_ended(before[key], target, clusters))
    return ClusterEvent.objects.bulk_create([event for event in events if event])


def _kept(before: Cluster, cluster: Cluster, changed: set[Any], kind: str) -> ClusterEvent | None:
    """A cluster went on; nothing is told where nothing changed."""
    drift = _drift(before, cluster)
    if not changed and drift is not None and drift < MIN_DRIFT:
        return None
    return ClusterEvent(
        cluster=cluster,
        kind=kind,
        n_entries=cluster.n_members,
        n_moved=len(changed),
        drift=drift,
    )


def _begun(
    cluster: Cluster, origin: tuple[Any, int] | None, before: Mapping[Any, Cluster]
) -> ClusterEvent:
    if origin is None:
        return ClusterEvent(
            cluster=cluster, kind=ClusterEventKind.CREATED, n_entries=cluster.n_members
        )
    source, n_moved = before[origin[0]], origin[1]
    return ClusterEvent(
        cluster=cluster,
        kind=ClusterEventKind.SPLIT,
        other=source,
        n_entries=cluster.n_members,
        n_moved=n_moved,
        drift=_drift(source, cluster),
    )


def _ended(
    cluster: Cluster, target: tuple[int, int] | None, clusters: Sequence[Cluster]
) -> ClusterEvent:
    if target is None:
        return ClusterEvent(cluster=cluster, kind=ClusterEventKind.RETIRED)
    into, n_moved = clusters[target[0]], target[1]
    return ClusterEvent(
        cluster=cluster,
        kind=ClusterEventKind.MERGED,
        other=into,
        n_moved=n_moved,
        drift=_drift(cluster, into),
    )


def _drift(before: Cluster, after: Cluster) -> float | None:
    """How far the centroid moved; vectors of different embedders are never compared."""
    if before.params.get("embedder") != after.params.get("embedder"):
        return None
    return centroid_drift(before.centroid_vector, after.centroid_vector)
