"""What merging or splitting clusters would make of them, before anybody does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chat.models import RouteKind, ServedRoute
from curation.ml.clustering import query_centroid
from curation.ml.gap import cluster_gap, route_for_gap
from curation.models import Cluster, CurationPolicy, LogEntry
from curation.services.noise import has_overruling, noise_report
from curation.services.regrouping import Plan, PlannedGroup, is_still_overruled, scorer_of
from curation.vectors import unpack_rows

N_EXEMPLARS = 3


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A cluster as it is or would be; ``cluster`` is None for a new one.

    ``gap`` is the mean of ``n_measured`` entries, None where nobody measured any. ``findings`` are
    sentences about what speaks against it; it ``is_noise`` where no curator overruled them.
    ``served`` is the route that is served for it now.
    """

    cluster: Cluster | None
    name: str
    n_entries: int
    gap: float | None
    n_measured: int
    route: str
    is_noise: bool
    findings: list[str]
    exemplars: list[LogEntry]
    served: ServedRoute | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The clusters before and after."""

    before: list[GroupFigures]
    after: list[GroupFigures]


def regroup_preview(plan: Plan) -> Preview:
    """Sizes, gaps, most typical entries and noise of a plan's clusters; nothing is written."""
    every = [entry for group in plan.groups for entry in group.entries]
    scorer = scorer_of(plan.before)
    threshold = CurationPolicy.current().gap_threshold

    def figures(group: PlannedGroup, by: str, is_overruled: bool) -> GroupFigures:
        return _figures(group, by, threshold, is_overruled)

    now = [
        PlannedGroup(c, c.name, tuple(e for e in every if e.cluster_id == c.pk))
        for c in plan.before
    ]
    return Preview(
        before=[
            figures(group, c.gap_scorer, has_overruling(c))
            for c, group in zip(plan.before, now, strict=True)
        ],
        after=[figures(g, scorer, is_still_overruled(plan, g)) for g in plan.groups],
    )


def _figures(
    group: PlannedGroup, scorer: str, threshold: float, is_overruled: bool
) -> GroupFigures:
    entries = group.entries
    gaps = [entry.gap for entry in entries if entry.gap is not None] if scorer else []
    gap = cluster_gap(gaps).gap if gaps else None
    report, _ = noise_report([entry.pk for entry in entries])
    return GroupFigures(
        cluster=group.cluster,
        name=group.name,
        n_entries=len(entries),
        gap=gap,
        n_measured=len(gaps),
        route=str(RouteKind(route_for_gap(gap, threshold)).label) if gap is not None else "",
        is_noise=report.is_noisy and not is_overruled,
        findings=[reason.text for reason in report.reasons],
        exemplars=_exemplars(entries),
        served=_served(group.cluster),
    )


def _exemplars(entries: Sequence[LogEntry]) -> list[LogEntry]:
    """The entries nearest to their centre."""
    if not entries:
        return []
    queries = unpack_rows(entry.query_embedding for entry in entries)
    distances = np.linalg.norm(queries - query_centroid(queries), axis=1)
    return [entries[i] for i in np.argsort(distances, kind="stable")[:N_EXEMPLARS]]


def _served(cluster: Cluster | None) -> ServedRoute | None:
    if cluster is None:
        return None
    return ServedRoute.objects.filter(table__is_active=True, cluster_id=cluster.pk).first()
