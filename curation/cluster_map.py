"""The cluster map as its page reads it: places, and what an entry's point is coloured by."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils import timezone

from curation.models import Cluster, ClusterMap, LogEntry
from curation.selectors import MAX_IN, cluster_list

UNPLACED = 0xFFFF
"""Cluster number of an entry that is in no current cluster, or not for these eyes."""
UNMEASURED = 0xFF
"""Gap of an entry that has none."""
IS_EXCLUDED, IS_FLAGGED = 1, 2
N_EXEMPLARS = 3

Point = tuple[UUID, UUID, float | None, Any, bool, list[str]]


def map_latest(user: Any) -> ClusterMap | None:
    """The map as it was last drawn, if it was and ``user`` may see it."""
    return ClusterMap.objects.visible_to(user).order_by("-created_at").first()


def map_data(user: Any, drawn: ClusterMap) -> dict[str, Any]:
    """The map's points and clusters as JSON.

    ``x``, ``y`` (int16, 32767 is 1), ``cluster`` (uint16 into ``clusters``, :data:`UNPLACED`),
    ``gap`` (uint8, hundredths, :data:`UNMEASURED`), ``age`` (uint16, days) and ``state`` (uint8,
    bits :data:`IS_EXCLUDED`, :data:`IS_FLAGGED`) are little-endian arrays in base64, one item an
    entry. What ``user`` may not see lies at (0, 0) in no cluster.
    """
    clusters = cluster_list()
    points = _points(user, drawn, {cluster.pk: n for n, cluster in enumerate(clusters)})
    return {
        "map": str(drawn.pk),
        "n": drawn.n_entries,
        "url": reverse("curation:map-entry", args=[drawn.pk, 0]),
        "clusters": [
            _cluster(cluster, points["cluster"] == number, points)
            for number, cluster in enumerate(clusters)
        ],
        **{name: b64encode(values.tobytes()).decode() for name, values in points.items()},
    }


def _points(user: Any, drawn: ClusterMap, numbers: dict[UUID, int]) -> dict[str, np.ndarray]:
    ids, n = drawn.ids, drawn.n_entries
    index = {entry_id: at for at, entry_id in enumerate(ids)}
    cluster, gap = np.full(n, UNPLACED, "<u2"), np.full(n, UNMEASURED, "u1")
    age, state = np.zeros(n, "<u2"), np.zeros(n, "u1")
    now = timezone.now()
    for entry_id, cluster_id, value, made, is_excluded, flags in _rows(user):
        at, number = index.get(entry_id), numbers.get(cluster_id)
        if at is None or number is None:
            continue
        cluster[at] = number
        gap[at] = UNMEASURED if value is None else round(100 * value)
        age[at] = min((now - made).days, 0xFFFF)
        state[at] = IS_EXCLUDED * is_excluded + IS_FLAGGED * bool(flags)
    places = np.round(drawn.places * 0x7FFF).astype("<i2")
    places[cluster == UNPLACED] = 0
    x, y = places[:, 0].copy(), places[:, 1].copy()
    return {"x": x, "y": y, "cluster": cluster, "gap": gap, "age": age, "state": state}


def _rows(user: Any) -> Iterable[Point]:
    rows = LogEntry.objects.visible_to(user).filter(cluster__in=Cluster.objects.current())
    wanted = ("pk", "cluster_id", "gap", "created_at", "is_excluded", "flags")
    return rows.order_by().values_list(*wanted).iterator()


def _cluster(
    cluster: Cluster, is_here: np.ndarray, points: dict[str, np.ndarray]
) -> dict[str, Any]:
    has_points = bool(is_here.any())
    return {
        "id": str(cluster.pk),
        "name": cluster.name,
        "route": cluster.gap_route,
        "is_noise": cluster.is_noise,
        "is_excluded": cluster.is_excluded,
        "x": int(np.median(points["x"][is_here])) if has_points else 0,
        "y": int(np.median(points["y"][is_here])) if has_points else 0,
        "n": int(is_here.sum()),
    }


def map_entry(user: Any, drawn: ClusterMap, index: int) -> LogEntry | None:
    """The entry of a point; None where there is none, or it is not for ``user``."""
    if index >= drawn.n_entries:
        return None
    entries = LogEntry.objects.visible_to(user).select_related("cluster")
    return entries.filter(pk=drawn.ids[index]).first()


def map_entries(user: Any, drawn: ClusterMap, indices: Sequence[int]) -> list[LogEntry]:
    """The entries of several points that ``user`` may see, in the order of the map."""
    ids, found = drawn.ids, []
    wanted = [ids[index] for index in sorted(set(indices)) if index < len(ids)]
    for start in range(0, len(wanted), MAX_IN):
        rows = LogEntry.objects.visible_to(user).filter(pk__in=wanted[start : start + MAX_IN])
        found += rows.defer("messages", "response", "correction", "preferred_sibling")
    return found


def cluster_exemplars(user: Any, clusters: Iterable[Cluster]) -> dict[UUID, list[LogEntry]]:
    """The :data:`N_EXEMPLARS` entries nearest to each cluster's centre, by the cluster's id."""
    found: dict[UUID, list[LogEntry]] = {}
    for entry in _nearest(user, list(clusters)):
        found.setdefault(entry.cluster_id, []).append(entry)
    return found


def _nearest(user: Any, clusters: list[Cluster]) -> QuerySet[LogEntry]:
    rank = Window(
        RowNumber(),
        partition_by="cluster_id",
        order_by=[F("cluster_distance").asc(nulls_last=True), F("pk").asc()],
    )
    entries = LogEntry.objects.visible_to(user).filter(cluster__in=clusters, is_excluded=False)
    return (
        entries.annotate(rank=rank)
        .filter(rank__lte=N_EXEMPLARS)
        .order_by("rank")
        .only("pk", "query", "cluster_id")
    )
