"""Clusters of the usable entries, matched to those that were there before (UNO §2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from chat.router import Router
from curation.matching import match_clusters
from curation.ml.clustering import Clustering, CutRule, PaperThreshold, SizeFree, cluster_entries
from curation.models import Cluster, CurationPolicy, LogEntry
from curation.naming import name_clusters
from curation.selectors import MAX_IN, entry_rules
from curation.services.embedding import entries_embed
from curation.services.noise import noise_assess
from curation.vectors import pack_vector, unpack_rows

RULES: dict[str, type[CutRule]] = {"size_free": SizeFree, "paper_threshold": PaperThreshold}
MAX_TREE = 6_000
"""Entries in one Ward tree (its memory grows with the square: about 0.3 GB); the oldest ones
beyond that join the nearest centroid."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class ClusteringReport:
    """What a clustering did."""

    n_entries: int
    n_clusters: int
    n_new: int
    n_retired: int
    n_noise: int


def clusters_update(*, on_progress: Progress = lambda share, text: None) -> ClusteringReport:
    """Cluster every usable entry that has rules; entries without any belong to no cluster.

    Raises
    ------
    EngineUnreachable
        The embedder does not answer; the clusters stay as they were.
    """
    usable = LogEntry.objects.usable().order_by("-created_at", "pk")
    rules = entry_rules(usable.values_list("pk", flat=True))
    entries = [entry for entry in usable.defer("response", "correction") if entry.pk in rules]
    entries_embed(
        entries, rules, lambda done, total: on_progress(0.7 * done / total, f"Embedded {done}")
    )
    on_progress(0.7, f"Clustering {len(entries)} entries")
    clustering, labels, distances = _cluster(entries)
    report = _store(entries, rules, clustering, labels, distances)
    on_progress(1.0, f"{report.n_clusters} clusters")
    return report


def _cluster(entries: Sequence[LogEntry]) -> tuple[Clustering, np.ndarray, np.ndarray]:
    queries = unpack_rows(entry.query_embedding for entry in entries)
    rules = unpack_rows(entry.rules_embedding for entry in entries)
    rule = RULES[CurationPolicy.current().clustering_rule]()
    clustering = cluster_entries(queries[:MAX_TREE], rules[:MAX_TREE], rule)
    if not len(clustering):
        return clustering, np.zeros(0, np.int64), np.zeros(0, np.float32)
    router = Router(clustering.centroids, [str(n) for n in range(len(clustering))])
    labels, _ = router.assign(queries)
    labels[:MAX_TREE] = clustering.labels
    distances = np.linalg.norm(queries - clustering.centroids[labels], axis=1)
    return clustering, labels, distances


@transaction.atomic
def _store(
    entries: Sequence[LogEntry],
    rules: dict[Any, list[Any]],
    clustering: Clustering,
    labels: np.ndarray,
    distances: np.ndarray,
) -> ClusteringReport:
    groups = [
        [entry for entry, at in zip(entries, labels, strict=True) if at == label]
        for label in range(len(clustering))
    ]
    clusters, n_new = _clusters_for(groups, rules)
    for cluster, group, label in zip(clusters, groups, range(len(groups)), strict=True):
        cluster.centroid = pack_vector(clustering.centroids[label])
        cluster.distance_limit = float(clustering.distance_limits[label])
        cluster.params = {**cluster.params, "rule": clustering.rule, "n_clustered": len(group)}
        cluster.save()
    n_retired = _retire_others(clusters)
    _place(entries, clusters, labels, distances)
    n_noise = sum(noise_assess(cluster).is_noise for cluster in clusters)
    return ClusteringReport(len(entries), len(clusters), n_new, n_retired, n_noise)


def _clusters_for(
    groups: Sequence[Sequence[LogEntry]], rules: dict[Any, list[Any]]
) -> tuple[list[Cluster], int]:
    """The rows of the groups: known ones where the members stayed together, or new ones."""
    current = {cluster.pk: cluster for cluster in Cluster.objects.current()}
    old = {
        key: set(cluster.entries.values_list("pk", flat=True)) for key, cluster in current.items()
    }
    matches = match_clusters(old, [{entry.pk for entry in group} for group in groups])
    texts = [[_text(entry, rules[entry.pk]) for entry in group] for group in groups]
    names = name_clusters(texts)
    clusters = [
        current[key] if key is not None else Cluster(name=name[:120])
        for key, name in zip(matches, names, strict=True)
    ]
    return clusters, sum(key is None for key in matches)


def _text(entry: LogEntry, rules: Sequence[Any]) -> str:
    return "\n".join([entry.query[:300], *(rule.text for rule in rules)])


def _retire_others(clusters: Sequence[Cluster]) -> int:
    kept = [cluster.pk for cluster in clusters]
    now = timezone.now()
    return Cluster.objects.current().exclude(pk__in=kept).update(retired_at=now, updated_at=now)


def _place(
    entries: Sequence[LogEntry],
    clusters: Sequence[Cluster],
    labels: np.ndarray,
    distances: np.ndarray,
) -> None:
    before = set(LogEntry.objects.filter(cluster__isnull=False).values_list("pk", flat=True))
    strays = sorted(before - {entry.pk for entry in entries})
    for start in range(0, len(strays), MAX_IN):
        LogEntry.objects.filter(pk__in=strays[start : start + MAX_IN]).update(
            cluster=None, cluster_distance=None, gap=None
        )
    for entry, label, distance in zip(entries, labels, distances, strict=True):
        entry.cluster, entry.cluster_distance = clusters[label], float(distance)
    LogEntry.objects.bulk_update(entries, ["cluster", "cluster_distance"], batch_size=200)
