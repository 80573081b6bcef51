"""A curator's decisions on rules and pairs, and what passes without one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from curation.models import (
    Cluster,
    CurationPolicy,
    LogEntry,
    PreferencePair,
    ReviewState,
    Rule,
    RuleKind,
)
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, InvalidInput

Reviewable = Rule | PreferencePair
MAX_RULE_CHARS = 1_000
MAX_ANSWER_CHARS = 50_000


@transaction.atomic
def item_approve(*, item: Reviewable, by: Any) -> Reviewable:
    """Let the rule or pair train."""
    return _decide(item, ReviewState.APPROVED, by, "approve")


@transaction.atomic
def item_reject(*, item: Reviewable, by: Any) -> Reviewable:
    """Keep the rule or pair from training; it stays in the record."""
    return _decide(item, ReviewState.REJECTED, by, "reject")


@transaction.atomic
def item_skip(*, item: Reviewable, by: Any) -> Reviewable:
    """Put the rule or pair at the end of the queue, undecided."""
    item.skipped_at = timezone.now()
    item.save(update_fields=["skipped_at", "updated_at"])
    audit_record(actor=by, action=f"{_noun(item)}.skip", subject=item)
    return item


@transaction.atomic
def item_reopen(*, item: Reviewable, by: Any) -> Reviewable:
    """Take a decision back: the rule or pair is to be reviewed again."""
    _refuse_merged(item)
    before, item.state = item.state, ReviewState.PROPOSED
    item.reviewed_by, item.reviewed_at, item.is_auto_approved = None, None, False
    item.save()
    _rules_changed(item)
    audit_record(actor=by, action=f"{_noun(item)}.reopen", subject=item, data={"before": before})
    return item


@transaction.atomic
def rule_edit(*, rule: Rule, text: str, by: Any) -> Rule:
    """Approve the rule in other words; what the distiller wrote is kept.

    Raises
    ------
    InvalidInput
        No text, or more than :data:`MAX_RULE_CHARS` characters.
    """
    text, before = _check_text(text, MAX_RULE_CHARS, "rule"), rule.text
    rule.original_text = rule.original_text or before
    rule.text, rule.flags, rule.embedding = text, [], None
    return _decide(rule, ReviewState.APPROVED, by, "edit", {"before": before, "after": text})


@transaction.atomic
def pair_edit(*, pair: PreferencePair, chosen: str, by: Any) -> PreferencePair:
    """Approve the pair with another better answer; the one that was there is kept.

    Raises
    ------
    InvalidInput
        No text, too much of it, or the same as the rejected answer.
    """
    chosen, before = _check_text(chosen, MAX_ANSWER_CHARS, "answer"), pair.chosen
    if chosen.split() == pair.rejected.split():
        raise InvalidInput(
            "The better answer is the same as the rejected one.",
            remedy="Change it, or reject the pair.",
        )
    pair.original_chosen = pair.original_chosen or before
    pair.chosen, pair.flags = chosen, []
    return _decide(pair, ReviewState.APPROVED, by, "edit", {"before": before, "after": chosen})


def items_approve(*, items: Iterable[Reviewable], by: Any) -> int:
    """Approve several at once; flagged and decided ones are left for a closer look."""
    n_approved = 0
    for item in items:
        if item.state == ReviewState.PROPOSED and not item.flags:
            item_approve(item=item, by=by)
            n_approved += 1
    return n_approved


def auto_approve() -> dict[str, int]:
    """Approve what the policy trusts: unflagged rules by strategy, unflagged pairs by source."""
    policy = CurationPolicy.current()
    rules = Rule.objects.filter(kind=RuleKind.FEEDBACK, strategy__in=policy.auto_approve_rules)
    pairs = PreferencePair.objects.filter(source__in=policy.auto_approve_pairs)
    return {"rules": _approve_silently(rules), "pairs": _approve_silently(pairs)}


def approve_all() -> dict[str, int]:
    """Approve everything unflagged, as ``learn --approve-all`` asks; flagged things wait."""
    rules = Rule.objects.filter(kind=RuleKind.FEEDBACK)
    return {
        "rules": _approve_silently(rules),
        "pairs": _approve_silently(PreferencePair.objects.all()),
    }


def _approve_silently(rows: Any) -> int:
    return rows.filter(state=ReviewState.PROPOSED, flags=[]).update(
        state=ReviewState.APPROVED,
        is_auto_approved=True,
        reviewed_at=timezone.now(),
        updated_at=timezone.now(),
    )


@transaction.atomic
def subject_exclude(*, subject: LogEntry | Cluster, is_excluded: bool, by: Any) -> None:
    """Keep an entry or a whole cluster out of training, or let it in again."""
    subject.is_excluded = is_excluded
    subject.excluded_by = by if is_excluded else None
    subject.save(update_fields=["is_excluded", "excluded_by", "updated_at"])
    noun = "entry" if isinstance(subject, LogEntry) else "cluster"
    action = f"{noun}.{'exclude' if is_excluded else 'include'}"
    audit_record(actor=by, action=action, subject=subject)


def _decide(
    item: Reviewable, state: str, by: Any, verb: str, data: dict[str, Any] | None = None
) -> Any:
    _refuse_merged(item)
    before, item.state = item.state, state
    item.reviewed_by, item.reviewed_at, item.is_auto_approved = by, timezone.now(), False
    item.full_clean(exclude=["entry", "reviewed_by", "merged_into"])
    item.save()
    _rules_changed(item)
    audit_record(
        actor=by,
        action=f"{_noun(item)}.{verb}",
        subject=item,
        data={"state_before": before, **(data or {})},
    )
    return item


def _refuse_merged(item: Reviewable) -> None:
    if item.state == ReviewState.MERGED:
        raise Conflict(
            "This rule was merged into another one.", remedy="Decide on that one instead."
        )


def _rules_changed(item: Reviewable) -> None:
    """An entry's place depends on its rules: let the next clustering embed them anew."""
    if isinstance(item, Rule):
        ids = [item.entry_id, *item.merged.values_list("entry_id", flat=True)]
        LogEntry.objects.filter(pk__in=ids).update(rules_embedding=None)


def _check_text(text: str, limit: int, what: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput(f"The {what} is empty.", remedy="Write it, or reject it instead.")
    if len(text) > limit:
        raise InvalidInput(
            f"The {what} has {len(text):,} characters.", remedy=f"Keep it to {limit:,}."
        )
    return text


def _noun(item: Reviewable) -> str:
    return "rule" if isinstance(item, Rule) else "pair"
