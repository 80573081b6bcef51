"""New entries join the nearest centroid, until a re-clustering is due (UNO §2, online)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.db import transaction
from django.db.models import Max, Sum

from chat.router import Router
from curation.ml.clustering import update_centroid
from curation.ml.online import ReclusterConfig, StoreState, centroid_drift
from curation.models import Cluster, CurationPolicy, LogEntry
from curation.services.cluster_history import joining_record
from curation.services.embedding import embedder_name
from curation.vectors import pack_vector, unpack_rows

GROWN = ["centroid", "n_members", "n_joined", "n_beyond", "drift", "updated_at"]
"""What changes when entries join; a curator may change all else meanwhile."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where ``n_entries`` would go: ``clusters``, and for each entry ``labels`` [n] into them,
    ``distances`` [n] to their centroids, and whether it ``is_beyond`` [n] their reach. The
    three are empty where nothing can be compared: then all is to be clustered anew."""

    n_entries: int
    clusters: list[Cluster]
    labels: np.ndarray
    distances: np.ndarray
    is_beyond: np.ndarray


def entries_locate(entries: Sequence[LogEntry]) -> Placement:
    """The nearest current cluster of each embedded entry; nothing is written."""
    clusters = list(Cluster.objects.current().order_by("created_at", "pk"))
    if not clusters or not entries or _is_outdated():
        nothing = np.zeros(0)
        labels, is_beyond = nothing.astype(np.int64), nothing.astype(bool)
        return Placement(len(entries), clusters, labels, nothing, is_beyond)
    router = Router([c.centroid_vector for c in clusters], [str(c.pk) for c in clusters])
    labels, distances = router.assign(unpack_rows(entry.query_embedding for entry in entries))
    limits = [np.inf if c.distance_limit is None else c.distance_limit for c in clusters]
    is_beyond = distances > np.array(limits)[labels]
    return Placement(len(entries), clusters, labels, distances, is_beyond)


def recluster_reason(placement: Placement) -> str:
    """Why everything is to be clustered anew rather than joined; empty where it is not."""
    config = replace(ReclusterConfig(), new_share=CurationPolicy.current().recluster_share)
    return config.reason(_state(placement))


def _is_outdated() -> bool:
    """Whether clusters were made by another rule or from another embedder's vectors."""
    now = (CurationPolicy.current().clustering_rule, embedder_name())
    params = Cluster.objects.current().values_list("params", flat=True)
    return any((made.get("rule"), made.get("embedder")) != now for made in params)


def _state(placement: Placement) -> StoreState:
    current = Cluster.objects.current()
    sums = current.aggregate(
        members=Sum("n_members"),
        joined=Sum("n_joined"),
        beyond=Sum("n_beyond"),
        drift=Max("drift"),
    )
    n_members, n_joined = sums["members"] or 0, sums["joined"] or 0
    n_placed = LogEntry.objects.usable().filter(cluster__in=current).count()
    return StoreState(
        n_clustered=n_members - n_joined,
        n_new=n_joined + placement.n_entries,
        n_beyond=(sums["beyond"] or 0) + int(placement.is_beyond.sum()),
        n_left=max(n_members - n_placed, 0),
        max_drift=sums["drift"] or 0.0,
        is_outdated=_is_outdated(),
    )


@transaction.atomic
def entries_join(entries: Sequence[LogEntry], placement: Placement) -> list[Cluster]:
    """Let each entry join its cluster and move the centroids; the clusters that grew.

    All of them are assigned by the centroids as they were, so their order does not matter.
    """
    for entry, label, distance in zip(entries, placement.labels, placement.distances, strict=True):
        entry.cluster, entry.cluster_distance = placement.clusters[label], float(distance)
    LogEntry.objects.bulk_update(entries, ["cluster", "cluster_distance"], batch_size=200)
    grown = np.unique(placement.labels)
    queries = unpack_rows(entry.query_embedding for entry in entries)
    for label in grown:
        is_here = placement.labels == label
        _grow(placement.clusters[label], queries[is_here], int(placement.is_beyond[is_here].sum()))
    return [placement.clusters[label] for label in grown]


def _grow(cluster: Cluster, queries: np.ndarray, n_beyond: int) -> None:
    """Move the running mean, and tell by how much."""
    before = cluster.centroid_vector
    cluster.centroid = pack_vector(update_centroid(before, cluster.n_members, queries))
    cluster.n_members += len(queries)
    cluster.n_joined += len(queries)
    cluster.n_beyond += n_beyond
    cluster.drift = centroid_drift(cluster.anchor_vector, cluster.centroid_vector)
    cluster.save(update_fields=GROWN)
    joining_record(cluster=cluster, n_joined=len(queries), moved_from=before)
