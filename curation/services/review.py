"""A curator's decisions on rules and pairs, and what passes without one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.models import (
    Cluster,
    CurationPolicy,
    LogEntry,
    PreferencePair,
    ReviewState,
    Rule,
    RuleKind,
    SecondOpinion,
)
from curation.services.claims import Reviewable, item_take
from curation.services.deciding import decide, record, reopen
from curation.services.opinions import VERBS, opinion_give, refuse_own_opinion
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, InvalidInput

MAX_RULE_CHARS = 1_000
MAX_ANSWER_CHARS = 50_000


@transaction.atomic
def item_approve(*, item: Reviewable, by: Any) -> Reviewable:
    """Let the rule or pair train; where two curators are asked, give an opinion."""
    return _judge(item, ReviewState.APPROVED, by)


@transaction.atomic
def item_reject(*, item: Reviewable, by: Any) -> Reviewable:
    """Keep the rule or pair from training; it stays in the record. See :func:`item_approve`."""
    return _judge(item, ReviewState.REJECTED, by)


@transaction.atomic
def item_skip(*, item: Reviewable, by: Any) -> Reviewable:
    """Put the rule or pair at the end of the queue, undecided."""
    item_take(item=item, by=by)
    item.skipped_at = timezone.now()
    item.save(update_fields=["skipped_at", "updated_at"])
    record(item, by, "skip")
    return item


@transaction.atomic
def item_reopen(*, item: Reviewable, by: Any) -> Reviewable:
    """Take a decision back: the rule or pair is to be reviewed again."""
    item_take(item=item, by=by)
    record(item, by, "reopen", {"before": reopen(item)})
    return item


@transaction.atomic
def rule_edit(*, rule: Rule, text: str, by: Any) -> Rule:
    """Approve the rule in other words; what the distiller wrote is kept.

    Raises
    ------
    InvalidInput
        No text, or more than :data:`MAX_RULE_CHARS` characters.
    """
    text, before = _check_text(text, MAX_RULE_CHARS, _("The rule")), rule.text
    _refuse_while_blind(rule, by)
    rule.original_text = rule.original_text or before
    rule.text, rule.flags, rule.embedding = text, [], None
    return decide(rule, ReviewState.APPROVED, by, "edit", {"before": before, "after": text})


@transaction.atomic
def pair_edit(*, pair: PreferencePair, chosen: str, by: Any) -> PreferencePair:
    """Approve the pair with another better answer; the one that was there is kept.

    Raises
    ------
    InvalidInput
        No text, too much of it, or the same as the rejected answer.
    """
    chosen, before = _check_text(chosen, MAX_ANSWER_CHARS, _("The answer")), pair.chosen
    if chosen.split() == pair.rejected.split():
        raise InvalidInput(
            _("The better answer is the same as the rejected one."),
            remedy=_("Change it, or reject the pair."),
        )
    _refuse_while_blind(pair, by)
    pair.original_chosen = pair.original_chosen or before
    pair.chosen, pair.flags = chosen, []
    return decide(pair, ReviewState.APPROVED, by, "edit", {"before": before, "after": chosen})


def item_edit(*, item: Reviewable, text: str, by: Any) -> Reviewable:
    """Approve a rule in other words, or a pair with another better answer."""
    if isinstance(item, Rule):
        return rule_edit(rule=item, text=text, by=by)
    return pair_edit(pair=item, chosen=text, by=by)


def auto_approve() -> dict[str, int]:
    """Approve what the policy trusts: unflagged rules by strategy, unflagged pairs by source.

    What a person put back into the queue waits for a person."""
    policy = CurationPolicy.current()
    rules = Rule.objects.filter(kind=RuleKind.FEEDBACK, strategy__in=policy.auto_approve_rules)
    pairs = PreferencePair.objects.filter(source__in=policy.auto_approve_pairs)
    return {"rules": _approve_silently(rules), "pairs": _approve_silently(pairs)}


def approve_all() -> dict[str, int]:
    """Approve everything unflagged, as ``learn --approve-all`` asks; flagged things, and those that
    a person put back, wait."""
    rules = Rule.objects.filter(kind=RuleKind.FEEDBACK)
    return {
        "rules": _approve_silently(rules),
        "pairs": _approve_silently(PreferencePair.objects.all()),
    }


def _approve_silently(rows: Any) -> int:
    waiting = rows.filter(state=ReviewState.PROPOSED, is_put_back=False)
    return waiting.filter(flags=[], second_opinion="").update(
        state=ReviewState.APPROVED,
        is_auto_approved=True,
        reviewed_at=timezone.now(),
        updated_at=timezone.now(),
    )


@transaction.atomic
def subject_exclude(*, subject: LogEntry | Cluster, is_excluded: bool, by: Any) -> None:
    """Keep an entry or a whole cluster out of training, or let it in again."""
    if subject.is_excluded == is_excluded:
        return
    subject.is_excluded = is_excluded
    subject.excluded_by = by if is_excluded else None
    subject.save(update_fields=["is_excluded", "excluded_by", "updated_at"])
    noun = "entry" if isinstance(subject, LogEntry) else "cluster"
    action = f"{noun}.{'exclude' if is_excluded else 'include'}"
    audit_record(actor=by, action=action, subject=subject)


@transaction.atomic
def entries_exclude(*, entries: Iterable[LogEntry], by: Any) -> int:
    """Keep several entries out of training; how many were not out already."""
    chosen = [entry for entry in entries if not entry.is_excluded]
    for entry in chosen:
        subject_exclude(subject=entry, is_excluded=True, by=by)
    return len(chosen)


def _judge(item: Reviewable, state: ReviewState, by: Any) -> Reviewable:
    if item.is_open_to_opinions:
        return opinion_give(item=item, verdict=state, by=by)
    return decide(item, state, by, VERBS[state])


def _refuse_while_blind(item: Reviewable, by: Any) -> None:
    """Two curators judge the same words; where they differed, the third may change them."""
    if item.second_opinion == SecondOpinion.WANTED:
        raise Conflict(
            _("Two curators are asked to judge this one as it is."),
            remedy=_("Approve or reject it, or call the second opinion off first."),
        )
    if item.second_opinion == SecondOpinion.DISPUTED:
        refuse_own_opinion(item, by)


def _check_text(text: str, limit: int, what: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput(
            _("%(what)s is empty.") % {"what": what}, remedy=_("Write it, or reject it instead.")
        )
    if len(text) > limit:
        raise InvalidInput(
            _("%(what)s has %(n)s characters.") % {"what": what, "n": f"{len(text):,}"},
            remedy=_("Keep it to %(limit)s.") % {"limit": f"{limit:,}"},
        )
    return text
