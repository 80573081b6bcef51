"""Where every entry stands: each is in exactly one row, so that none is lost silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from curation.models import (
    Cluster,
    EntryState,
    LogEntry,
    PreferencePair,
    ReviewState,
    Rule,
    RuleKind,
)
from curation.services.flags import flag_label

TEXTS = (
    "messages",
    "query",
    "response",
    "feedback",
    "correction",
    "preferred_sibling",
    "query_embedding",
    "rules_embedding",
    "cluster__centroid",
)
"""Columns that the table does not need, and that are most of the bytes."""
TRAINING = _lazy("Training material")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is said of parts that keep an entry from training, by why they do."""

    rejected: Any
    flagged: Any
    proposed: Any


PAIR_WAITS = Waiting(
    _lazy("Pair rejected"), _lazy("Pair flagged, to be looked at"), _lazy("Pair to be reviewed")
)
RULES_WAIT = Waiting(
    _lazy("Rules rejected"), _lazy("Rules flagged, to be looked at"), _lazy("Rules to be reviewed")
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many entries stand at one point of the way, and why they are not further."""

    label: str
    n: int
    is_training: bool = False


@dataclass(frozen=True, slots=True)
class ClusterLine:
    """One cluster's line of the table."""

    name: str
    n_entries: int
    n_pairs: int
    n_approved_pairs: int
    gap: float | None
    route: str
    is_noise: bool


@dataclass(frozen=True, slots=True)
class Accounting:
    """The table of the entries: ``outcomes`` add up to ``n_entries``."""

    n_entries: int
    outcomes: list[Outcome]
    rules: dict[str, int] = field(default_factory=dict)
    pairs: dict[str, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    clusters: list[ClusterLine] = field(default_factory=list)

    @property
    def n_with_rules(self) -> int:
        """Entries from which a rule was distilled."""
        return self.rules.get("entries", 0)


def accounting(entries: Any = None) -> Accounting:
    """Account for every entry of a queryset; without one, for all there are."""
    entries = LogEntry.objects.all() if entries is None else entries
    rows = list(entries.select_related("user", "cluster").defer(*TEXTS).order_by("created_at"))
    of_entries = {"entry__in": entries.order_by().values("pk")}
    rules = list(Rule.objects.filter(**of_entries).select_related("merged_into"))
    pairs = list(PreferencePair.objects.filter(**of_entries).defer("chosen", "rejected"))
    counts = Counter(
        _outcome(entry, rules_of, pairs_of)
        for entry, rules_of, pairs_of in zip(
            rows, _by_entry(rows, rules), _by_entry(rows, pairs), strict=True
        )
    )
    flags = Counter(flag for row in [*rows, *rules, *pairs] for flag in row.flags)
    feedback = [rule for rule in rules if rule.kind == RuleKind.FEEDBACK]
    return Accounting(
        n_entries=len(rows),
        outcomes=[Outcome(label, n, label == TRAINING) for label, n in counts.most_common()],
        rules={
            "entries": len({rule.entry_id for rule in feedback}),
            "total": len(feedback),
            **Counter(str(rule.state) for rule in feedback),
        },
        pairs={"total": len(pairs), **Counter(str(pair.source) for pair in pairs)},
        flags={flag_label(flag): n for flag, n in flags.most_common()},
        clusters=_cluster_lines(rows, pairs),
    )


def _by_entry(entries: list[LogEntry], parts: Iterable[Any]) -> list[list[Any]]:
    found: dict[Any, list[Any]] = {entry.pk: [] for entry in entries}
    for part in parts:
        found[part.entry_id].append(part)
    return [found[entry.pk] for entry in entries]


def _outcome(entry: LogEntry, rules: list[Rule], pairs: list[PreferencePair]) -> str:
    """The one row an entry belongs to: the first thing that keeps it from training."""
    if entry.user is not None and not entry.user.training_consent:
        return _("Consent withdrawn")
    if entry.is_excluded:
        return _("Excluded by a curator")
    if entry.state == EntryState.PENDING:
        return _("Waiting to be distilled")
    if entry.state == EntryState.FAILED:
        return _("Distilling failed")
    if entry.state == EntryState.NO_RULES:
        return _("Nothing to learn: %(why)s") % {"why": _why(entry)}
    return _outcome_of_parts(entry, rules, pairs)


def _why(entry: LogEntry) -> str:
    return flag_label(entry.flags[0]) if entry.flags else _("The feedback asks for nothing")


def _outcome_of_parts(entry: LogEntry, rules: list[Rule], pairs: list[PreferencePair]) -> str:
    feedback = [rule.merged_into or rule for rule in rules if rule.kind == RuleKind.FEEDBACK]
    if not pairs:
        return _("Rules, but no better answer to pair with")
    if not _has_state(pairs, ReviewState.APPROVED):
        return _waiting(PAIR_WAITS, pairs)
    if not _has_state(feedback, ReviewState.APPROVED):
        return _waiting(RULES_WAIT, feedback)
    if entry.cluster is None:
        return _("Not yet in a cluster")
    if entry.cluster.is_noise:
        return _("In a cluster of noise")
    if entry.cluster.is_excluded:
        return _("In an excluded cluster")
    return str(TRAINING)


def _waiting(words: Waiting, rows: list[Any]) -> str:
    waiting = [row for row in rows if row.state == ReviewState.PROPOSED]
    if not waiting:
        return str(words.rejected)
    if all(row.flags for row in waiting):
        return str(words.flagged)
    return str(words.proposed)


def _has_state(rows: Iterable[Any], state: str) -> bool:
    return any(row.state == state for row in rows)


def _cluster_lines(entries: list[LogEntry], pairs: list[PreferencePair]) -> list[ClusterLine]:
    members: Counter[Cluster] = Counter(e.cluster for e in entries if e.cluster is not None)
    cluster_of = {entry.pk: entry.cluster_id for entry in entries}
    n_pairs = Counter(cluster_of[pair.entry_id] for pair in pairs)
    n_approved = Counter(
        cluster_of[pair.entry_id] for pair in pairs if pair.state == ReviewState.APPROVED
    )
    return [
        ClusterLine(
            name=cluster.name,
            n_entries=n,
            n_pairs=n_pairs[cluster.pk],
            n_approved_pairs=n_approved[cluster.pk],
            gap=cluster.gap,
            route=cluster.gap_route,
            is_noise=cluster.is_noise,
        )
        for cluster, n in members.most_common()
    ]
