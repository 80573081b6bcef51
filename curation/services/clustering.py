"""Clusters of the usable entries, matched to those that were there before (UNO §2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from curation.matching import match_clusters, split_origins
from curation.ml.clustering import Clustering, CutRule, PaperThreshold, SizeFree, cluster_around
from curation.models import Cluster, CurationPolicy, LogEntry, Rule, RuleKind
from curation.naming import name_clusters
from curation.selectors import MAX_IN, entry_rules
from curation.services.cluster_history import reclustering_record
from curation.services.embedding import embedder_name, entries_embed
from curation.services.joining import entries_join, entries_locate, recluster_reason
from curation.services.merging import STANDING
from curation.services.noise import noise_assess
from curation.vectors import pack_vector, unpack_rows

RULES: dict[str, type[CutRule]] = {"size_free": SizeFree, "paper_threshold": PaperThreshold}

Progress = Callable[[float, str], None]
Rules = dict[Any, list[Any]]


@dataclass(frozen=True, slots=True)
class ClusteringReport:
    """What a clustering did; ``reason`` says why everything was clustered anew, if it was."""

    n_entries: int
    n_clusters: int
    n_new: int
    n_retired: int
    n_noise: int
    n_joined: int = 0
    reason: str = ""


def clusters_update(*, on_progress: Progress = lambda share, text: None) -> ClusteringReport:
    """Let new entries join the nearest cluster, or cluster everything anew where that is due.

    When it is due stands in :class:`curation.ml.online.ReclusterConfig`.

    Raises
    ------
    EngineUnreachable
        The embedder does not answer; the clusters stay as they were.
    """
    entries, _ = _embedded(_waiting(), on_progress)
    placement = entries_locate(entries)
    if reason := recluster_reason(placement):
        return clusters_rebuild(reason=reason, on_progress=on_progress)
    grown = entries_join(entries, placement)
    for cluster in grown:
        noise_assess(cluster)
    on_progress(1.0, f"{len(entries)} entries joined")
    current = Cluster.objects.current()
    n_noise = current.filter(is_noise=True).count()
    n_placed = LogEntry.objects.usable().filter(cluster__in=current).count()
    return ClusteringReport(n_placed, current.count(), 0, 0, n_noise, n_joined=len(entries))


def clusters_rebuild(
    *, reason: str = "asked for", on_progress: Progress = lambda share, text: None
) -> ClusteringReport:
    """Cluster every usable entry that has rules; entries without any belong to no cluster.

    Clusters whose entries mostly stay together keep their rows; what became of the others is
    told in their history. What a curator merged or split stays together.

    Raises
    ------
    EngineUnreachable
        The embedder does not answer; the clusters stay as they were.
    """
    entries, rules = _embedded(LogEntry.objects.usable(), on_progress)
    on_progress(0.7, f"Clustering {len(entries)} entries")
    queries = unpack_rows(entry.query_embedding for entry in entries)
    wishes = unpack_rows(entry.rules_embedding for entry in entries)
    rule = RULES[CurationPolicy.current().clustering_rule]()
    clustering = cluster_around(queries, wishes, _by_hand(entries), rule)
    report = _store(entries, rules, clustering, queries, reason)
    on_progress(1.0, f"{report.n_clusters} clusters")
    return report


def _by_hand(entries: Sequence[LogEntry]) -> np.ndarray:
    """Which cluster by hand each entry is in: 0, 1, … in order of appearance, or −1."""
    by_hand = Cluster.objects.current().filter(is_by_hand=True)
    numbers = dict.fromkeys(by_hand.values_list("pk", flat=True), -1)
    present = dict.fromkeys(e.cluster_id for e in entries if e.cluster_id in numbers)
    numbers.update({key: number for number, key in enumerate(present)})
    return np.array([numbers.get(e.cluster_id, -1) for e in entries], dtype=np.int64)


def _waiting() -> Any:
    """Usable entries that are in no current cluster."""
    return LogEntry.objects.usable().exclude(cluster__in=Cluster.objects.current())


def entries_to_place() -> Any:
    """Those of them that have rules: clustering has yet to find their place."""
    stands = Q(state__in=STANDING) | Q(merged_into__state__in=STANDING)
    rules = Rule.objects.filter(stands, kind=RuleKind.FEEDBACK, entry=OuterRef("pk"))
    return _waiting().filter(Exists(rules))


def _embedded(rows: Any, on_progress: Progress) -> tuple[list[LogEntry], Rules]:
    """Those of the entries that have rules, newest first, embedded; and the rules."""
    rows = rows.order_by("-created_at", "pk")
    rules = entry_rules(rows.values_list("pk", flat=True))
    light = rows.defer("messages", "response", "feedback", "correction", "preferred_sibling")
    entries = [entry for entry in light if entry.pk in rules]
    entries_embed(
        entries, rules, lambda done, total: on_progress(0.7 * done / total, f"Embedded {done}")
    )
    return entries, rules


@transaction.atomic
def _store(
    entries: Sequence[LogEntry],
    rules: Rules,
    clustering: Clustering,
    queries: np.ndarray,
    reason: str,
) -> ClusteringReport:
    groups: list[list[LogEntry]] = [[] for _ in range(len(clustering))]
    for entry, label in zip(entries, clustering.labels, strict=True):
        groups[label].append(entry)
    # Locked: what a curator says of them meanwhile waits, and is not written over.
    before = {cluster.pk: cluster for cluster in Cluster.objects.current().select_for_update()}
    old = _members(before)
    new = [{entry.pk for entry in group} for group in groups]
    clusters = _clusters_for(groups, rules, before, old, new)
    for label, cluster in enumerate(clusters):
        _settle(cluster, clustering, label)
    n_retired = _retire_others(clusters)
    _place(entries, clusters, clustering, queries)
    reclustering_record(before=before, old=old, clusters=clusters, new=new)
    n_noise = sum(noise_assess(cluster).is_noise for cluster in clusters)
    n_new = sum(cluster.pk not in before for cluster in clusters)
    return ClusteringReport(len(entries), len(clusters), n_new, n_retired, n_noise, reason=reason)


def _members(clusters: dict[Any, Cluster]) -> dict[Any, set[Any]]:
    members: dict[Any, set[Any]] = {key: set() for key in clusters}
    placed = LogEntry.objects.filter(cluster__in=Cluster.objects.current()).order_by()
    for entry_id, cluster_id in placed.values_list("pk", "cluster_id"):
        members[cluster_id].add(entry_id)
    return members


def _settle(cluster: Cluster, clustering: Clustering, label: int) -> None:
    """Where a cluster lies now, and how far it reaches; counting begins anew."""
    cluster.centroid = cluster.anchor = pack_vector(clustering.centroids[label])
    cluster.distance_limit = float(clustering.distance_limits[label])
    cluster.n_members = int(clustering.sizes[label])
    cluster.n_joined, cluster.n_beyond, cluster.drift = 0, 0, 0.0
    made = {"rule": clustering.rule, "embedder": embedder_name()}
    cluster.params = {**cluster.params, **made}
    cluster.save()


def _clusters_for(
    groups: Sequence[Sequence[LogEntry]],
    rules: Rules,
    before: dict[Any, Cluster],
    old: dict[Any, set[Any]],
    new: Sequence[set[Any]],
) -> list[Cluster]:
    """The rows of the groups: known ones where the members stayed together, or new ones."""
    matches = match_clusters(old, new)
    texts = [[_text(entry, rules[entry.pk]) for entry in group] for group in groups]
    origins = split_origins(old, new, matches)
    return [
        copy(before[key]) if key is not None else _begin(name, origin and before[origin[0]])
        for key, name, origin in zip(matches, name_clusters(texts), origins, strict=True)
    ]


def _begin(name: str, origin: Cluster | None) -> Cluster:
    """A new cluster; what split from an excluded one stays excluded until a curator says else."""
    if origin is None:
        return Cluster(name=name[:120])
    return Cluster(name=name[:120], is_excluded=origin.is_excluded, excluded_by=origin.excluded_by)


def _text(entry: LogEntry, rules: Sequence[Any]) -> str:
    return "\n".join([entry.query[:300], *(rule.text for rule in rules)])


def _retire_others(clusters: Sequence[Cluster]) -> int:
    kept = [cluster.pk for cluster in clusters]
    now = timezone.now()
    return Cluster.objects.current().exclude(pk__in=kept).update(retired_at=now, updated_at=now)


def _place(
    entries: Sequence[LogEntry],
    clusters: Sequence[Cluster],
    clustering: Clustering,
    queries: np.ndarray,
) -> None:
    """Put every entry into its cluster; those that no longer count are in none."""
    before = set(LogEntry.objects.filter(cluster__isnull=False).values_list("pk", flat=True))
    strays = sorted(before - {entry.pk for entry in entries})
    for start in range(0, len(strays), MAX_IN):
        LogEntry.objects.filter(pk__in=strays[start : start + MAX_IN]).update(
            cluster=None, cluster_distance=None, gap=None
        )
    if not entries:
        return
    distances = np.linalg.norm(queries - clustering.centroids[clustering.labels], axis=1)
    for entry, label, distance in zip(entries, clustering.labels, distances, strict=True):
        entry.cluster, entry.cluster_distance = clusters[label], float(distance)
    LogEntry.objects.bulk_update(entries, ["cluster", "cluster_distance"], batch_size=200)
