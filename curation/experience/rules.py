"""UNO's approved rules serve as notes until an adapter of their cluster does (note EXPERIENCE).

Pulled: what is approved, and which clusters have an adapter, is read; nothing is pushed here by
review or by promotion. A rollback brings a rule's note back with the next look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from chat.experience.models import (
    Experience,
    Kind,
    RevisionAction,
    Scope,
    Source,
    Status,
)
from chat.experience.services.embedding import text_hash
from chat.experience.services.recording import revision_record
from chat.experience.services.rules import rules_in_adapters_set
from chat.models import RouteKind, ServedRoute
from curation.experience.changes import experience_change
from curation.experience.options import min_people
from curation.experience.promotion import tombstone_add
from curation.experience.sharing_rules import text_faults
from curation.models import Cluster, ReviewState, Rule, RuleKind
from uno_site.engine_clients import embedder_name


@dataclass(slots=True)
class RulesReport:
    """What a look at the rules changed; ``refusals`` counts those that may not serve, by name."""

    n_added: int = 0
    n_changed: int = 0
    n_ended: int = 0
    n_retired: int = 0
    n_back: int = 0
    refusals: dict[str, int] = field(default_factory=dict)

    @property
    def n_changes(self) -> int:
        """How many notes another look would find changed."""
        return self.n_added + self.n_changed + self.n_ended + self.n_retired + self.n_back


def approved_rules() -> list[Rule]:
    """Rules that a person approved, of people who agree, whose cluster stands."""
    rules = _approved().filter(
        entry__cluster__retired_at__isnull=True,
        entry__cluster__is_noise=False,
        entry__cluster__is_excluded=False,
    )
    return list(rules.order_by("created_at"))


def _approved() -> QuerySet[Rule]:
    """Rules that a person approved, of people who agree."""
    rules = Rule.objects.consented().filter(
        kind=RuleKind.FEEDBACK,
        state=ReviewState.APPROVED,
        is_auto_approved=False,
        merged_into__isnull=True,
        entry__is_excluded=False,
    )
    return rules.select_related("entry__cluster")


def rules_learned(rules: Iterable[Rule]) -> set[UUID]:
    """Those whose cluster an adapter serves now: expert or critic, canaries not counted."""
    kinds = [RouteKind.EXPERT, RouteKind.CRITIC]
    routes = ServedRoute.objects.settled().filter(table__is_active=True, kind__in=kinds)
    served = set(routes.values_list("cluster_id", flat=True))
    return {rule.pk for rule in rules if rule.entry.cluster_id in served}


def rule_people(rule: Rule) -> set[UUID | None]:
    """Whose feedback said it: the entry's person and those whose rules were merged into it.

    None stands for logs that a curator imported.
    """
    said = Rule.objects.consented().filter(Q(pk=rule.pk) | Q(merged_into=rule))
    return set(said.values_list("entry__user", flat=True))


def rule_faults(rule: Rule) -> list[str]:
    """Why an approved rule may not serve everybody, by name."""
    people = rule_people(rule)
    if None not in people and len(people) < min_people():
        return ["too_few_people"]
    cluster = rule.entry.cluster
    return text_faults(cluster.name if cluster else "", rule.text)


@transaction.atomic
def rules_sync() -> RulesReport:
    """Bring the notes of rules in step with what is approved and what adapters serve.

    A note's trigger is its cluster's name, and its vector the cluster's centroid: it is found
    where the cluster's queries lie, and nobody's question is shown to others.
    """
    report = RulesReport()
    rules = approved_rules()
    fit = {rule.pk: rule for rule in rules if not _count_faults(rule, report)}
    notes = {note.rule: note for note in Experience.objects.filter(rule__isnull=False)}
    for key, rule in fit.items():
        if key not in notes:
            _add(rule)
            report.n_added += 1
        else:
            report.n_changed += _follow(notes[key], rule)
    for key in notes.keys() - fit.keys():
        report.n_ended += _end(notes[key])
    report.n_retired, report.n_back = rules_in_adapters_set(rules_learned(fit.values()))
    return report


def has_rules_to_follow() -> bool:
    """Whether a look at the rules would change any note; nothing is written."""
    with transaction.atomic():
        n_changes = rules_sync().n_changes
        transaction.set_rollback(True)
    return bool(n_changes)


def _count_faults(rule: Rule, report: RulesReport) -> bool:
    faults = rule_faults(rule)
    for fault in faults:
        report.refusals[fault] = report.refusals.get(fault, 0) + 1
    return bool(faults)


def _place(cluster: Cluster) -> dict[str, Any]:
    """Where a cluster's notes are found."""
    return {
        "trigger": cluster.name[:300],
        "vector": bytes(cluster.centroid),
        # After a change of the embedder, centroids are the old one's until the next clustering.
        "embedder": cluster.params.get("embedder") or embedder_name(),
    }


def _add(rule: Rule) -> None:
    note = Experience(
        scope=Scope.GLOBAL,
        kind=Kind.RULE,
        content=rule.text,
        status=Status.ACTIVE,
        source=Source.RULE,
        rule=rule.pk,
        reviewer=rule.reviewed_by,
        reviewed_at=rule.reviewed_at,
        **_place(rule.entry.cluster),
    )
    note.content_hash = text_hash(note.trigger, note.content)
    note.full_clean(exclude=["reviewer"])
    note.save()
    revision_record(note, RevisionAction.CREATED)


def _follow(note: Experience, rule: Rule) -> bool:
    """A rule that was edited, or moved to another cluster, changes its note, and a centroid that
    moved takes it along; one that ended and is approved again comes back."""
    place = _place(rule.entry.cluster)
    values: dict[str, Any] = {"content": rule.text, "trigger": place["trigger"]}
    if _rests(note):
        values["status"] = Status.ACTIVE
    is_moved = _move(note, place)
    if all(getattr(note, name) == value for name, value in values.items()):
        return is_moved
    experience_change(note, RevisionAction.EDITED, **values)
    return True


def _move(note: Experience, place: dict[str, Any]) -> bool:
    """Put the note where its cluster is; whether it was elsewhere. No revision tells of vectors."""
    if (bytes(note.vector or b""), note.embedder) == (place["vector"], place["embedder"]):
        return False
    note.vector, note.embedder, note.content_vector = place["vector"], place["embedder"], None
    note.save(update_fields=["vector", "embedder", "content_vector"])
    return True


ENDED = "its rule is no longer approved"
RESTS = "its rule's cluster is set aside"


def _end(note: Experience) -> bool:
    """The rule is gone: its note goes with it. It is no longer approved: the note rests, and other
    deployments are told. Where only the cluster was set aside, they are not: nothing is wrong."""
    if not Rule.objects.filter(pk=note.rule).exists():
        tombstone_add(note, "erased")
        note.delete()
        return True
    reason = RESTS if _is_approved(note.rule) else ENDED
    if note.status != Status.ACTIVE and not (_rests(note) and note.reason != reason):
        return False
    experience_change(note, RevisionAction.ARCHIVED, reason=reason, status=Status.ARCHIVED)
    if reason == ENDED:
        tombstone_add(note, "recalled")
    return True


def _is_approved(key: UUID | None) -> bool:
    """Whether a rule might serve everybody, did its cluster stand."""
    rule = _approved().filter(pk=key).first()
    return rule is not None and not rule_faults(rule)


def _rests(note: Experience) -> bool:
    """Whether a note rests until its rule may serve again."""
    return note.status == Status.ARCHIVED and note.reason in (ENDED, RESTS)
