"""What the curation rooms read; the training room reads :func:`training_material`."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chat.models import ServedRoute
from curation.accounting import Accounting, accounting
from curation.models import (
    Cluster,
    ClusterEvent,
    EntryState,
    LogEntry,
    PairSource,
    PreferencePair,
    ReviewState,
    Rule,
    RuleKind,
)

__all__ = [
    "Accounting",
    "HumanPair",
    "TrainingPair",
    "accounting",
    "entry_rules",
    "human_pairs",
    "training_material",
]

MAX_IN = 5_000
"""Values of one IN (…): databases limit how many a query may hold."""
HUMAN_SOURCES = (PairSource.USER_EDIT, PairSource.REGENERATED)


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """One approved pair as training wants it; ``rules`` are the entry's approved rules."""

    entry_id: uuid.UUID
    pair_id: uuid.UUID
    messages: list[dict[str, str]]
    chosen: str
    rejected: str
    rules: list[str]
    correction: str | None
    source: str


@dataclass(frozen=True, slots=True)
class HumanPair:
    """A pair that a person, not a model, ordered: what judges are checked on."""

    entry_id: uuid.UUID
    cluster_id: uuid.UUID | None
    messages: list[dict[str, str]]
    query: str
    chosen: str
    rejected: str
    rules: list[str]
    correction: str | None


def entry_rules(
    entries: Iterable[Any], states: Iterable[str] = (ReviewState.APPROVED, ReviewState.PROPOSED)
) -> dict[uuid.UUID, list[Rule]]:
    """The feedback rules that stand for each entry, in order, by entry id.

    Where a rule was merged into another one, that one stands for it. Rules in other ``states``
    are left out.
    """
    ids = [getattr(entry, "pk", entry) for entry in entries]
    found: dict[uuid.UUID, dict[uuid.UUID, Rule]] = defaultdict(dict)
    wanted = set(states)
    for start in range(0, len(ids), MAX_IN):
        rows = Rule.objects.filter(entry_id__in=ids[start : start + MAX_IN], kind=RuleKind.FEEDBACK)
        rows = rows.select_related("merged_into").defer("embedding", "merged_into__embedding")
        for row in rows.order_by("position", "created_at"):
            rule = row.merged_into or row
            if rule.state in wanted:
                found[row.entry_id].setdefault(rule.pk, rule)
    return {entry_id: list(rules.values()) for entry_id, rules in found.items()}


def approved_pairs() -> QuerySet[PreferencePair]:
    """Approved pairs of entries that may train, whatever cluster they are in."""
    return PreferencePair.objects.filter(
        state=ReviewState.APPROVED, entry__in=LogEntry.objects.usable()
    ).select_related("entry")


def exportable_pairs() -> QuerySet[PreferencePair]:
    """What may leave the instance: what may train, whether it is in a cluster yet or not.

    The rules of :func:`training_material` as one query: approved pairs of consented entries
    that have an approved rule, unless their cluster is excluded, noise, or retired.
    """
    is_approved = Q(merged_into__isnull=True, state=ReviewState.APPROVED) | Q(
        merged_into__state=ReviewState.APPROVED
    )
    rules = Rule.objects.filter(is_approved, entry=OuterRef("entry_id"), kind=RuleKind.FEEDBACK)
    is_placed = Q(
        entry__cluster__is_excluded=False,
        entry__cluster__is_noise=False,
        entry__cluster__retired_at__isnull=True,
    )
    pairs = approved_pairs().filter(Exists(rules))
    return pairs.filter(Q(entry__cluster__isnull=True) | is_placed).order_by("created_at", "pk")


def training_material(cluster: Cluster) -> list[TrainingPair]:
    """What may train the cluster's adapter: approved pairs with at least one approved rule.

    Empty for a cluster that is excluded, flagged as noise, or retired.
    """
    if cluster.is_excluded or cluster.is_noise or cluster.retired_at is not None:
        return []
    pairs = list(approved_pairs().filter(entry__cluster=cluster).order_by("created_at", "pk"))
    rules = entry_rules({pair.entry_id for pair in pairs}, [ReviewState.APPROVED])
    return [
        TrainingPair(
            entry_id=pair.entry_id,
            pair_id=pair.pk,
            messages=pair.entry.messages,
            chosen=pair.chosen,
            rejected=pair.rejected,
            rules=[rule.text for rule in rules[pair.entry_id]],
            correction=pair.entry.correction,
            source=pair.source,
        )
        for pair in pairs
        if rules.get(pair.entry_id)
    ]


def human_pairs(*, cluster: Cluster | None = None, limit: int | None = None) -> list[HumanPair]:
    """The deployment's own human pairs, newest first; those a curator rejected are left out."""
    pairs = PreferencePair.objects.filter(
        entry__in=LogEntry.objects.usable(), source__in=HUMAN_SOURCES
    ).exclude(state=ReviewState.REJECTED)
    if cluster is not None:
        pairs = pairs.filter(entry__cluster=cluster)
    chosen = list(pairs.select_related("entry").order_by("-created_at", "pk")[:limit])
    rules = entry_rules({pair.entry_id for pair in chosen})
    return [
        HumanPair(
            entry_id=pair.entry_id,
            cluster_id=pair.entry.cluster_id,
            messages=pair.entry.messages,
            query=pair.entry.query,
            chosen=pair.chosen,
            rejected=pair.rejected,
            rules=[rule.text for rule in rules.get(pair.entry_id, [])],
            correction=pair.entry.correction,
        )
        for pair in chosen
    ]


def entry_list(user: Any) -> QuerySet[LogEntry]:
    """The entries that ``user`` may see, with their counts."""
    rules = Rule.objects.filter(kind=RuleKind.FEEDBACK)
    return (
        LogEntry.objects.visible_to(user)
        .select_related("cluster")
        .defer("query_embedding", "rules_embedding", "messages", "response", "cluster__centroid")
        .annotate(
            n_rules=count_of(rules, "entry"), n_pairs=count_of(PreferencePair.objects, "entry")
        )
    )


def count_of(rows: Any, field: str) -> Coalesce:
    """How many of ``rows`` name each row by ``field``: counted for the rows shown alone."""
    named = rows.filter(**{field: OuterRef("pk")}).order_by().values(field)
    # Of rows, not of a column, which would be read from the row: an index has the rest.
    counted = Subquery(named.annotate(n=Count("*")).values("n"), output_field=IntegerField())
    return Coalesce(counted, 0)


def entry_sources(user: Any) -> list[str]:
    """Where entries come from, by name: for curators, the names of withdrawn sources included.

    Asking which of them somebody consented to would read every entry.
    """
    if not user.is_curator:
        return []
    return list(LogEntry.objects.order_by("source").values_list("source", flat=True).distinct())


def entry_lineage(entry: LogEntry) -> ServedRoute | None:
    """The route that now serves what is asked like this entry, where there is one."""
    if entry.cluster_id is None:
        return None
    routes = ServedRoute.objects.filter(table__is_active=True, cluster_id=entry.cluster_id)
    return routes.select_related("table").first()


def cluster_list() -> list[Cluster]:
    """Current clusters with their numbers of entries, the largest first."""
    rows = Cluster.objects.current().defer("centroid", "anchor")
    counted = rows.annotate(n_entries=count_of(LogEntry.objects.usable(), "cluster"))
    return list(counted.order_by("-n_entries", "name"))


def with_approved_pairs(clusters: Sequence[Cluster]) -> Sequence[Cluster]:
    """The clusters given, those that a page shows, with their numbers of approved pairs."""
    pairs = PreferencePair.objects.consented().filter(
        state=ReviewState.APPROVED,
        entry__is_excluded=False,
        entry__state=EntryState.DISTILLED,
        entry__cluster__in=list(clusters),
    )
    # Rows, not a column: indexes have the rest.
    n_pairs = dict(pairs.order_by().values_list("entry__cluster").annotate(n=Count("*")))
    for cluster in clusters:
        cluster.n_approved_pairs = n_pairs.get(cluster.pk, 0)
    return clusters


def cluster_members(cluster: Cluster) -> QuerySet[LogEntry]:
    """The cluster's entries, the most typical first."""
    return (
        LogEntry.objects.consented()
        .filter(cluster=cluster)
        .annotate(n_pairs=Count("pairs"))
        .order_by(F("cluster_distance").asc(nulls_last=True), "pk")
    )


def cluster_history(user: Any, cluster: Cluster, limit: int = 30) -> list[ClusterEvent]:
    """What happened to the cluster, and to others through it, the latest first."""
    concerned = Q(cluster=cluster) | Q(other=cluster)
    events = ClusterEvent.objects.visible_to(user).filter(concerned)
    return list(events.select_related("cluster", "other").order_by("-at", "kind")[:limit])


def cluster_figures(cluster: Cluster) -> dict[str, Any]:
    """What a cluster's page says in numbers."""
    pairs = PreferencePair.objects.filter(
        entry__in=LogEntry.objects.usable().filter(cluster=cluster)
    )
    states = Counter(pairs.values_list("state", flat=True))
    return {
        "n_members": LogEntry.objects.consented().filter(cluster=cluster).count(),
        "n_excluded": LogEntry.objects.filter(cluster=cluster, is_excluded=True).count(),
        "n_pairs": sum(states.values()),
        "n_approved": states[ReviewState.APPROVED],
        "n_to_review": states[ReviewState.PROPOSED],
        "n_people": LogEntry.objects.consented()
        .filter(cluster=cluster, user__isnull=False)
        .values("user")
        .distinct()
        .count(),
    }
