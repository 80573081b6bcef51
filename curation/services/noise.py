"""Noise flags on clusters: the checks, and a curator's last word."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction

from curation.entry_text import spoken_feedback
from curation.ml.edit_style import Correction
from curation.ml.grounding import grounded_share
from curation.ml.noise import ClusterEvidence, NoiseReport, check_noise
from curation.models import Cluster, LogEntry, Rule, RuleKind
from uno_site.audit.services import audit_record

MAX_EXAMINED = 60
"""Entries of a cluster that are compared pair by pair: enough to tell a share to .05."""
SEED = 0
SPOKEN_STRATEGIES = frozenset(["extractive", "generative"])
"""Rules that claim to say what the user said; reasons and edits speak for themselves."""


def noise_assess(cluster: Cluster) -> Cluster:
    """Examine the cluster's members and keep the findings; a curator's overruling stands."""
    ids = LogEntry.objects.usable().filter(cluster=cluster).values_list("pk", flat=True)
    report, entries = noise_report(list(ids), drift=cluster.drift)
    findings = [
        {**asdict(finding), "examples": [str(entries[i].pk) for i in finding.examples]}
        for finding in report.findings
    ]
    reasons = [reason.text for reason in report.reasons if reason.is_blocking]
    with transaction.atomic():
        _lock(cluster)
        cluster.noise_findings, cluster.noise_reasons = findings, reasons
        cluster.is_noise = report.is_noisy and not has_overruling(cluster)
        cluster.save(update_fields=["noise_reasons", "noise_findings", "is_noise", "updated_at"])
    return cluster


def has_overruling(cluster: Cluster) -> bool:
    """Whether a curator said that the cluster is not noise, whatever the checks find."""
    return bool(cluster.params.get("is_noise_overruled", False))


def _lock(cluster: Cluster) -> None:
    """Read what a curator or the checks said last; until the transaction ends, that is it."""
    rows = Cluster.objects.select_for_update()
    cluster.refresh_from_db(fields=["params", "noise_reasons"], from_queryset=rows)


def noise_report(ids: Sequence[Any], drift: float = 0.0) -> tuple[NoiseReport, list[LogEntry]]:
    """What the checks say of a seeded sample of usable entries, and the sample."""
    sample = random.Random(SEED).sample(sorted(ids), min(len(ids), MAX_EXAMINED))  # noqa: S311
    entries = list(LogEntry.objects.filter(pk__in=sample).order_by("pk"))
    evidence = replace(_evidence(entries), drift=drift, n_entries=len(ids))
    return check_noise(evidence), entries


def _evidence(entries: Sequence[LogEntry]) -> ClusterEvidence:
    rules: dict[Any, list[Rule]] = {entry.pk: [] for entry in entries}
    for rule in Rule.objects.filter(entry__in=entries, kind=RuleKind.FEEDBACK):
        rules[rule.entry_id].append(rule)
    people = LogEntry.objects.usable().order_by().values("user", "source").distinct()
    return ClusterEvidence(
        rules=[[rule.text for rule in rules[entry.pk]] for entry in entries],
        groundings=[_grounding(entry, rules[entry.pk]) for entry in entries],
        user_ids=[_voice(entry) for entry in entries],
        corrections=[
            Correction(entry.response, entry.correction) if entry.correction else None
            for entry in entries
        ],
        is_flagged=[_is_flagged(rules[entry.pk]) for entry in entries],
        kinds=[entry.feedback_kinds for entry in entries],
        distances=[entry.cluster_distance for entry in entries],
        n_users=people.count(),
    )


def _grounding(entry: LogEntry, rules: Sequence[Rule]) -> float | None:
    """The mean grounding of what was said, or None where nothing was."""
    said = [rule.text for rule in rules if rule.strategy in SPOKEN_STRATEGIES]
    sources = [*spoken_feedback(entry), entry.query]
    shares = [grounded_share(text, sources) for text in said]
    return sum(shares) / len(shares) if shares else None


def _is_flagged(rules: Sequence[Rule]) -> bool:
    """Flagged so that its rules cannot be trusted; a missing better answer is no such flag."""
    return bool(rules) and all(rule.flags for rule in rules)


def _voice(entry: LogEntry) -> str:
    return str(entry.user_id or entry.source)


@transaction.atomic
def noise_overrule(*, cluster: Cluster, by: Any, is_overruled: bool = True) -> Cluster:
    """Say that a flagged cluster is not noise, or leave it to the checks again."""
    _lock(cluster)
    if has_overruling(cluster) == is_overruled:
        return cluster
    cluster.params = {**cluster.params, "is_noise_overruled": is_overruled}
    cluster.is_noise = bool(cluster.noise_reasons) and not is_overruled
    cluster.save(update_fields=["params", "is_noise", "updated_at"])
    action = "cluster.overrule_noise" if is_overruled else "cluster.respect_noise"
    audit_record(actor=by, action=action, subject=cluster, data={"reasons": cluster.noise_reasons})
    return cluster


@transaction.atomic
def cluster_rename(*, cluster: Cluster, name: str, by: Any) -> Cluster:
    """Give the cluster a name; a re-clustering keeps it."""
    before, cluster.name = cluster.name, name.strip()
    cluster.full_clean()
    cluster.save(update_fields=["name", "updated_at"])
    audit_record(
        actor=by, action="cluster.rename", subject=cluster, data={"before": before, "after": name}
    )
    return cluster
