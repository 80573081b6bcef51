"""What the curation rooms read; the training room reads :func:`training_material`."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from chat.models import ServedRoute
from curation.accounting import Accounting, accounting
from curation.models import (
    Cluster,
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
        for row in rows.select_related("merged_into").order_by("position", "created_at"):
            rule = row.merged_into or row
            if rule.state in wanted:
                found[row.entry_id].setdefault(rule.pk, rule)
    return {entry_id: list(rules.values()) for entry_id, rules in found.items()}


def approved_pairs() -> QuerySet[PreferencePair]:
    """Approved pairs of entries that may train, whatever cluster they are in."""
    return PreferencePair.objects.filter(
        state=ReviewState.APPROVED, entry__in=LogEntry.objects.usable()
    ).select_related("entry")


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
    """The entries that ``user`` may see, newest first, with their counts."""
    return (
        LogEntry.objects.visible_to(user)
        .select_related("cluster", "user")
        .annotate(
            n_rules=Count("rules", filter=Q(rules__kind=RuleKind.FEEDBACK), distinct=True),
            n_pairs=Count("pairs", distinct=True),
        )
        .order_by("-created_at", "pk")
    )


def entry_sources(user: Any) -> list[str]:
    """Where entries come from, by name."""
    rows = LogEntry.objects.visible_to(user).order_by("source")
    return list(rows.values_list("source", flat=True).distinct())


def entry_lineage(entry: LogEntry) -> ServedRoute | None:
    """The route that now serves what is asked like this entry, where there is one."""
    if entry.cluster_id is None:
        return None
    routes = ServedRoute.objects.filter(table__is_active=True, cluster_id=entry.cluster_id)
    return routes.select_related("table").first()


def rule_list(user: Any, state: str = "") -> QuerySet[Rule]:
    """Feedback rules in a state; without one, those to review."""
    rows = Rule.objects.visible_to(user).filter(kind=RuleKind.FEEDBACK)
    rows = rows.annotate(n_merged=Count("merged")).select_related("merged_into")
    return _reviewable(rows, state)


def pair_list(user: Any, state: str = "") -> QuerySet[PreferencePair]:
    """Pairs in a state; without one, those to review."""
    return _reviewable(PreferencePair.objects.visible_to(user), state)


def rule_queue() -> QuerySet[Rule]:
    """Feedback rules that wait for a curator; those skipped come last."""
    return _waiting(Rule.objects.filter(kind=RuleKind.FEEDBACK))


def pair_queue() -> QuerySet[PreferencePair]:
    """Pairs that wait for a curator; those skipped come last."""
    return _waiting(PreferencePair.objects.all())


def _waiting(rows: Any) -> Any:
    return _reviewable(rows.filter(entry__in=LogEntry.objects.consented()), "")


def _reviewable(rows: Any, state: str) -> Any:
    rows = rows.select_related("entry", "entry__cluster", "reviewed_by")
    if state == "all":
        return rows.order_by("-created_at", "pk")
    if state in (ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.MERGED):
        return rows.filter(state=state).order_by("-reviewed_at", "-created_at", "pk")
    waiting = rows.filter(state=ReviewState.PROPOSED, entry__is_excluded=False)
    return waiting.order_by(F("skipped_at").asc(nulls_first=True), "created_at", "pk")


def cluster_list() -> QuerySet[Cluster]:
    """Current clusters with their counts, the largest first."""
    usable = Q(entries__in=LogEntry.objects.usable())
    approved = usable & Q(entries__pairs__state=ReviewState.APPROVED)
    return (
        Cluster.objects.current()
        .annotate(
            n_entries=Count("entries", filter=usable, distinct=True),
            n_approved_pairs=Count("entries__pairs", filter=approved, distinct=True),
        )
        .order_by("-n_entries", "name")
    )


def overview_counts() -> dict[str, int]:
    """The figures at the top of the curation rooms."""
    entries = LogEntry.objects.consented()
    return {
        "entries": entries.count(),
        "rules": rule_queue().count(),
        "pairs": pair_queue().count(),
        "clusters": Cluster.objects.current().count(),
    }


def cluster_members(cluster: Cluster) -> QuerySet[LogEntry]:
    """The cluster's entries, the most typical first."""
    return (
        LogEntry.objects.consented()
        .filter(cluster=cluster)
        .annotate(n_pairs=Count("pairs"))
        .order_by(F("cluster_distance").asc(nulls_last=True), "pk")
    )


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
