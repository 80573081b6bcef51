"""Cognitive gaps of entries and clusters, and the route that each gap asks for (UNO §3)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from curation.entry_text import entry_messages
from curation.ml.gap import cluster_gap, route_for_gap
from curation.models import (
    Cluster,
    CurationPolicy,
    LogEntry,
    PreferencePair,
    ReviewState,
    Rule,
    RuleKind,
)
from curation.roles.gap_scorers import GapItem, GapScore, GapScorer
from curation.roles.resolve import resolve_gap_scorer
from curation.selectors import entry_rules

MAX_SCORED = 24
"""Entries of a cluster that are measured: enough for a mean to about .04, and bounded in time."""
SEED = 0
GAP_FIELDS = ("gap", "gap_scorer", "gap_stats", "gap_route", "updated_at")

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class GapReport:
    """How many entries and clusters were measured, and by what."""

    scorer: str
    n_scored: int = 0
    n_clusters: int = 0


def gaps_update(
    *, scorer: GapScorer | None = None, on_progress: Progress = lambda done, total: None
) -> GapReport:
    """Measure the entries that have no gap yet, and every current cluster.

    This takes minutes: each cluster is read when its turn comes, and only its gap is written.

    Raises
    ------
    EngineUnreachable
        The scorer's model does not answer; what was measured before stays.
    """
    ids = list(Cluster.objects.current().values_list("pk", flat=True))
    if not ids:
        return GapReport("")
    scorer = scorer or resolve_gap_scorer()
    report = GapReport(scorer.name)
    chosen = _chosen_answers()
    for number, key in enumerate(ids):
        if (cluster := Cluster.objects.current().filter(pk=key).first()) is None:
            continue
        _forget_other_scorers(cluster, scorer)
        share = lambda done, total, n=number: on_progress(  # noqa: E731
            n * MAX_SCORED + done * MAX_SCORED // max(total, 1), len(ids) * MAX_SCORED
        )
        report.n_scored += _score_entries(cluster, scorer, chosen, share)
        report.n_clusters += gap_close(cluster, scorer.name)
    return report


def gap_routes_apply() -> int:
    """Give every measured cluster the route that the policy's threshold asks for."""
    clusters = list(Cluster.objects.current().filter(gap__isnull=False))
    threshold = CurationPolicy.current().gap_threshold
    for cluster in clusters:
        cluster.gap_route = route_for_gap(float(cluster.gap or 0.0), threshold)
        cluster.save(update_fields=["gap_route", "updated_at"])
    return len(clusters)


def _chosen_answers() -> dict[Any, tuple[Any, str]]:
    """Every entry's cluster and better answer, rejected ones left out."""
    pairs = PreferencePair.objects.filter(entry__in=LogEntry.objects.usable())
    rows = pairs.exclude(state=ReviewState.REJECTED).order_by("created_at")
    return {
        pair.entry_id: (pair.entry.cluster_id, pair.chosen) for pair in rows.select_related("entry")
    }


def _forget_other_scorers(cluster: Cluster, scorer: GapScorer) -> None:
    """Gaps by different measures do not mix."""
    if cluster.gap_scorer and cluster.gap_scorer != scorer.name:
        cluster.entries.update(gap=None)


def _score_entries(
    cluster: Cluster, scorer: GapScorer, chosen: dict[Any, tuple[Any, str]], progress: Progress
) -> int:
    members = LogEntry.objects.usable().filter(cluster=cluster).order_by("cluster_distance", "pk")
    n_known = members.filter(gap__isnull=False).count()
    waiting = list(members.filter(gap__isnull=True))
    random.Random(SEED).shuffle(waiting)  # noqa: S311 - a sample, not a secret
    rules = entry_rules(waiting)
    priors = _prior_rules(waiting)
    n_scored = 0
    for done, entry in enumerate(waiting):
        if n_known + n_scored >= MAX_SCORED:
            break
        item = _item(entry, rules.get(entry.pk, []), priors, chosen)
        if (score := scorer.score(item)) is not None:
            _store(entry, rules.get(entry.pk, []), score)
            n_scored += 1
        progress(done + 1, min(len(waiting), MAX_SCORED))
    return n_scored


def _item(
    entry: LogEntry,
    rules: Sequence[Rule],
    priors: dict[Any, list[str]],
    chosen: dict[Any, tuple[Any, str]],
) -> GapItem:
    return GapItem(
        messages=entry_messages(entry),
        rules=tuple(rule.text for rule in rules),
        prior_rules=tuple(priors.get(entry.pk, [])),
        own=entry.response,
        chosen=chosen[entry.pk][1] if entry.pk in chosen else None,
        unrelated=_unrelated(entry, chosen),
    )


def _unrelated(entry: LogEntry, chosen: dict[Any, tuple[Any, str]]) -> str | None:
    """An answer to something else, of another cluster if there is one; always the same one."""
    others = [key for key, (at, _) in chosen.items() if at != entry.cluster_id]
    others = others or [key for key in chosen if key != entry.pk]
    if not others:
        return None
    return chosen[others[entry.pk.int % len(others)]][1]


def _prior_rules(entries: Sequence[LogEntry]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    rows = Rule.objects.filter(entry__in=entries, kind=RuleKind.PRIOR).order_by("position")
    for rule in rows:
        found.setdefault(rule.entry_id, []).append(rule.text)
    return found


@transaction.atomic
def _store(entry: LogEntry, rules: Sequence[Rule], score: GapScore) -> None:
    LogEntry.objects.filter(pk=entry.pk).update(gap=score.gap)
    for rule, novelty in zip(rules, score.novelties, strict=False):
        Rule.objects.filter(pk=rule.pk).update(novelty=novelty)


def gap_close(cluster: Cluster, scorer: str) -> bool:
    """Give the cluster the mean of its entries' gaps by ``scorer``, and the route that asks for;
    whether any was measured. Without a scorer's name they count as not measured.

    A cluster that was retired meanwhile is left, and so is all else that a curator changed."""
    members = LogEntry.objects.usable().filter(cluster=cluster, gap__isnull=False)
    gaps = list(members.values_list("gap", flat=True)) if scorer else []
    measured = cluster_gap(gaps) if gaps else None
    cluster.gap_scorer = scorer if measured else ""
    cluster.gap = measured.gap if measured else None
    cluster.gap_stats = (
        {
            "mean": measured.gap,
            "min": measured.minimum,
            "max": measured.maximum,
            "n": measured.n_entries,
        }
        if measured
        else {}
    )
    threshold = CurationPolicy.current().gap_threshold
    cluster.gap_route = route_for_gap(measured.gap, threshold) if measured else ""
    return _save_gap(cluster) and measured is not None


def _save_gap(cluster: Cluster) -> bool:
    """Write the gap's fields alone; whether the cluster is still a current one."""
    cluster.updated_at = timezone.now()
    values = {name: getattr(cluster, name) for name in GAP_FIELDS}
    return bool(Cluster.objects.current().filter(pk=cluster.pk).update(**values))
