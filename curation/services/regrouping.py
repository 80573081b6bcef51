"""Clusters by hand: merging them, splitting one, parting entries off into one of their own.

Every change is planned first, so that it can be looked at (:mod:`curation.regroup_preview`), and
a plan is carried out as it was looked at or not at all. What a curator made stays together when
everything is clustered anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.ml.clustering import distance_limit, query_centroid
from curation.ml.cuts import InTwo
from curation.ml.features import entry_features
from curation.ml.micro import cluster_features
from curation.models import Cluster, ClusterEventKind, LogEntry
from curation.naming import name_clusters
from curation.selectors import entry_rules
from curation.services.cluster_history import reclustering_record
from curation.services.gaps import gap_close
from curation.services.noise import has_overruling, noise_assess
from curation.vectors import pack_vector, unpack_rows
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, InvalidInput

MIN_ENTRIES = 2
"""A cluster of one entry reaches nothing but itself."""
SAID = ["name", "params", "is_excluded", "excluded_by", "retired_at"]
"""What a curator may say of a cluster while a change of it is looked at."""


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A cluster as it will be: ``cluster`` goes on with these entries, or a new one is made."""

    cluster: Cluster | None
    name: str
    entries: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``kind`` (merge, split, split_off) makes of the clusters ``before``."""

    kind: str
    before: tuple[Cluster, ...]
    groups: tuple[PlannedGroup, ...]

    @property
    def stamp(self) -> str:
        """Stands for who would be where: another one means that something changed meanwhile."""
        parts = [
            f"{group.cluster and group.cluster.pk}:{sorted(str(e.pk) for e in group.entries)}"
            for group in self.groups
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def plan_merge(clusters: Sequence[Cluster]) -> Plan:
    """All entries in the largest of several current clusters.

    Raises
    ------
    InvalidInput
        Fewer than two. Conflict: some of them are excluded and others are not.
    """
    if len(clusters) < 2:
        raise InvalidInput(_("Merging takes two clusters."), remedy=_("Choose at least two."))
    _refuse_mixed(clusters)
    members = _members(clusters)
    ordered = sorted(clusters, key=lambda c: (-len(members[c.pk]), c.created_at, str(c.pk)))
    together = tuple(entry for cluster in ordered for entry in members[cluster.pk])
    group = PlannedGroup(ordered[0], ordered[0].name, together)
    return _checked(Plan("merge", tuple(ordered), (group,)))


def _refuse_mixed(clusters: Sequence[Cluster]) -> None:
    if len({cluster.is_excluded for cluster in clusters}) > 1:
        raise Conflict(
            _("Some of these clusters are excluded and others are not."),
            remedy=_("Include or exclude them alike first."),
        )


def plan_split(cluster: Cluster) -> Plan:
    """A cluster in the two parts that Ward's tree finds; the larger one goes on.

    Raises
    ------
    Conflict
        Too few entries, or they are all the same.
    """
    entries = _members([cluster])[cluster.pk]
    labels = cluster_features(_features(entries), InTwo())
    if min(labels.sum(), len(labels) - labels.sum()) < MIN_ENTRIES:
        raise Conflict(
            _("%(name)s cannot be split: it has too few entries, or all are alike.")
            % {"name": cluster.name},
            remedy=_("Choose entries with the lasso instead."),
        )
    larger = int(labels.mean() > 0.5)
    kept = tuple(e for e, label in zip(entries, labels, strict=True) if label == larger)
    parted = tuple(e for e, label in zip(entries, labels, strict=True) if label != larger)
    return _parting("split", (cluster,), {cluster.pk: kept}, parted)


def plan_split_off(entries: Sequence[LogEntry]) -> Plan:
    """Entries, of one cluster or several, in a new one.

    Raises
    ------
    InvalidInput
        Fewer than two of them are usable and in a current cluster.
    """
    wanted = {entry.pk for entry in entries}
    clusters = Cluster.objects.current().filter(pk__in={entry.cluster_id for entry in entries})
    before = tuple(clusters.order_by("created_at", "pk"))
    members = _members(before)
    parted = tuple(e for cluster in before for e in members[cluster.pk] if e.pk in wanted)
    kept = {key: tuple(e for e in rows if e.pk not in wanted) for key, rows in members.items()}
    if len(parted) < MIN_ENTRIES:
        raise InvalidInput(
            _("%(n)s of the chosen entries can be in a cluster of their own.") % {"n": len(parted)},
            remedy=_("Choose at least %(min_entries)s that are not excluded.")
            % {"min_entries": MIN_ENTRIES},
        )
    return _parting("split_off", before, kept, parted)


def _parting(
    kind: str,
    before: tuple[Cluster, ...],
    kept: dict[Any, tuple[LogEntry, ...]],
    parted: tuple[LogEntry, ...],
) -> Plan:
    """``parted`` in a new cluster, whose name sets it apart from those that they leave."""
    going_on = [cluster for cluster in before if kept[cluster.pk]]
    sides = [parted, *(kept[cluster.pk] for cluster in going_on)]
    rules = entry_rules([entry for side in sides for entry in side])
    texts = [
        ["\n".join([e.query[:300], *(rule.text for rule in rules.get(e.pk, []))]) for e in side]
        for side in sides
    ]
    new = PlannedGroup(None, name_clusters(texts)[0][:120], parted)
    groups = [PlannedGroup(cluster, cluster.name, kept[cluster.pk]) for cluster in going_on]
    return _checked(Plan(kind, before, (*groups, new)))


def _checked(plan: Plan) -> Plan:
    if any(cluster.retired_at for cluster in plan.before):
        raise Conflict(
            _("One of these clusters is no longer there."), remedy=_("Load the map again.")
        )
    if not all(group.entries for group in plan.groups):
        raise Conflict(_("These clusters have no usable entries."), remedy=_("Choose others."))
    return plan


def _members(clusters: Sequence[Cluster]) -> dict[Any, list[LogEntry]]:
    """The usable, embedded entries of each cluster, without their long texts."""
    found: dict[Any, list[LogEntry]] = {cluster.pk: [] for cluster in clusters}
    rows = LogEntry.objects.usable().filter(cluster__in=clusters)
    rows = rows.exclude(query_embedding=None).exclude(rules_embedding=None)
    light = rows.defer("messages", "response", "feedback", "correction", "preferred_sibling")
    for entry in light.order_by("pk"):
        found[entry.cluster_id].append(entry)
    return found


def _features(entries: Sequence[LogEntry]) -> np.ndarray:
    queries = unpack_rows(entry.query_embedding for entry in entries)
    return entry_features(queries, unpack_rows(entry.rules_embedding for entry in entries))


@transaction.atomic
def regroup(*, plan: Plan, stamp: str, by: Any) -> list[Cluster]:
    """Carry a plan out; the clusters that there are now, the new one last.

    Raises
    ------
    Conflict
        ``stamp`` is another plan's: entries came or left since it was looked at. Or a cluster
        ended, or was excluded unlike the others, meanwhile.
    """
    _lock(plan)
    if stamp != plan.stamp:
        raise Conflict(_("Entries came or left meanwhile."), remedy=_("Look at the change again."))
    old = {cluster.pk: {e.pk for e in rows} for cluster, rows in _grouped(plan).items()}
    before = {cluster.pk: copy(cluster) for cluster in plan.before}
    clusters = [_settle(group, plan) for group in plan.groups]
    _retire([cluster for cluster in plan.before if cluster not in clusters])
    reclustering_record(
        before=before,
        old=old,
        clusters=clusters,
        new=[{entry.pk for entry in group.entries} for group in plan.groups],
        kept_kind=ClusterEventKind.REGROUPED,
    )
    for cluster in clusters:
        gap_close(cluster, scorer_of(plan.before))
        noise_assess(cluster)
    names = [cluster.name for cluster in plan.before]
    audit_record(
        actor=by, action=f"cluster.{plan.kind}", subject=clusters[-1], data={"before": names}
    )
    return clusters


def _lock(plan: Plan) -> None:
    """Read what curators said of the clusters last; until the transaction ends, that is it."""
    rows = Cluster.objects.select_for_update()
    for cluster in sorted(plan.before, key=lambda c: str(c.pk)):
        cluster.refresh_from_db(fields=SAID, from_queryset=rows)
    _checked(plan)
    if plan.kind == "merge":
        _refuse_mixed(plan.before)


def is_still_overruled(plan: Plan, group: PlannedGroup) -> bool:
    """Whether a curator's word that it is no noise goes on: it was said of all that comes together
    there, and of more than a part of it."""
    if group.cluster is None:
        return False
    origins = plan.before if plan.kind == "merge" else (group.cluster,)
    return all(has_overruling(cluster) for cluster in origins)


def _grouped(plan: Plan) -> dict[Cluster, list[LogEntry]]:
    """Who of the plan's entries is where now."""
    by_id = {cluster.pk: cluster for cluster in plan.before}
    found: dict[Cluster, list[LogEntry]] = {cluster: [] for cluster in plan.before}
    for group in plan.groups:
        for entry in group.entries:
            found[by_id[entry.cluster_id]].append(entry)
    return found


def scorer_of(clusters: Sequence[Cluster]) -> str:
    """By what the entries' gaps were measured; gaps by different measures do not mix."""
    names = {cluster.gap_scorer for cluster in clusters if cluster.gap_scorer}
    return names.pop() if len(names) == 1 else ""


def _settle(group: PlannedGroup, plan: Plan) -> Cluster:
    """The group's row with its centre, its reach and its entries; it is by hand from now on."""
    queries = unpack_rows(entry.query_embedding for entry in group.entries)
    first = plan.before[0]
    cluster = group.cluster or Cluster(
        name=group.name,
        is_excluded=all(c.is_excluded for c in plan.before),
        excluded_by=first.excluded_by,
        params={key: first.params.get(key) for key in ("rule", "embedder")},
    )
    cluster.centroid = cluster.anchor = pack_vector(query_centroid(queries))
    cluster.distance_limit = distance_limit(queries)
    cluster.n_members, cluster.n_joined, cluster.n_beyond = len(group.entries), 0, 0
    cluster.drift, cluster.is_by_hand = 0.0, True
    if has_overruling(cluster) and not is_still_overruled(plan, group):
        cluster.params = {**cluster.params, "is_noise_overruled": False}
    cluster.save()
    distances = np.linalg.norm(queries - cluster.centroid_vector, axis=1)
    for entry, distance in zip(group.entries, distances, strict=True):
        entry.cluster, entry.cluster_distance = cluster, float(distance)
    LogEntry.objects.bulk_update(group.entries, ["cluster", "cluster_distance"], batch_size=200)
    return cluster


def _retire(clusters: Sequence[Cluster]) -> None:
    """Clusters without entries end; those that do not count leave them, as when all is clustered
    anew."""
    now, ids = timezone.now(), [cluster.pk for cluster in clusters]
    Cluster.objects.filter(pk__in=ids).update(retired_at=now, updated_at=now)
    LogEntry.objects.filter(cluster__in=ids).update(cluster=None, cluster_distance=None, gap=None)


@transaction.atomic
def cluster_release(*, cluster: Cluster, by: Any) -> Cluster:
    """Leave the cluster's members to clustering again."""
    cluster.is_by_hand = False
    cluster.save(update_fields=["is_by_hand", "updated_at"])
    audit_record(actor=by, action="cluster.release", subject=cluster)
    return cluster
