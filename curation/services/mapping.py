"""The cluster map: where entries lie on it, drawn anew when clusters change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from curation.ml.features import entry_features
from curation.ml.projection import project
from curation.models import Cluster, ClusterEvent, ClusterMap, LogEntry
from curation.vectors import pack_vector, unpack_rows

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class MapReport:
    """How many entries lie on the map, and whether it had to be drawn anew."""

    n_entries: int
    is_new: bool


def is_map_stale() -> bool:
    """Whether something happened to a cluster since the map was drawn."""
    latest = ClusterMap.objects.order_by("-created_at").values_list("drawn_at", flat=True).first()
    if latest is None:
        return Cluster.objects.current().exists()
    return ClusterEvent.objects.filter(at__gte=latest).exists()


def map_update(*, on_progress: Progress = lambda share, text: None) -> MapReport:
    """Project the usable entries of the current clusters, unless they are where they were.

    Indices into the map stay valid while its row stays: a curator who merges or splits clusters
    moves no entry, so no new row is made then.
    """
    now = timezone.now()
    entry_ids, features = _features()
    digest = hashlib.sha256(b"".join(entry_ids) + features.tobytes()).hexdigest()
    if ClusterMap.objects.filter(digest=digest).update(drawn_at=now):
        return MapReport(len(entry_ids), is_new=False)
    on_progress(0.2, f"Placing {len(entry_ids)} entries")
    places = project(features)
    _replace(b"".join(entry_ids), places, digest, now)
    on_progress(1.0, f"{len(entry_ids)} entries placed")
    return MapReport(len(entry_ids), is_new=True)


def _features() -> tuple[list[bytes], np.ndarray]:
    """Ids of the placed entries, and what they were clustered by, shape [n, 2d]."""
    rows = (
        LogEntry.objects.usable()
        .filter(cluster__in=Cluster.objects.current())
        .exclude(query_embedding=None)
        .exclude(rules_embedding=None)
        .order_by("pk")
        .values_list("pk", "query_embedding", "rules_embedding")
    )
    found = list(rows)
    queries = unpack_rows(query for _, query, _ in found)
    wishes = unpack_rows(wish for _, _, wish in found)
    return [entry_id.bytes for entry_id, _, _ in found], entry_features(queries, wishes)


@transaction.atomic
def _replace(entry_ids: bytes, places: np.ndarray, digest: str, now: Any) -> None:
    ClusterMap.objects.all().delete()
    ClusterMap.objects.create(
        entry_ids=entry_ids,
        positions=pack_vector(places),
        n_entries=len(places),
        digest=digest,
        drawn_at=now,
    )
