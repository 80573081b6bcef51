"""How a decision on a rule or pair is written down."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from curation.models import LogEntry, PreferencePair, ReviewState, Rule, SecondOpinion
from curation.services.claims import Reviewable, item_take
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict


def noun_of(item: Reviewable) -> str:
    """ "rule" or "pair"; also the field by which opinions and comments name it."""
    return "rule" if isinstance(item, Rule) else "pair"


def decide(
    item: Reviewable, state: str, by: Any, verb: str, data: dict[str, Any] | None = None
) -> Any:
    """Give the item its ``state`` in ``by``'s name; to be called within a transaction.

    Raises
    ------
    Conflict
        It was merged, somebody else has it, or it changed since it was read.
    """
    refuse_merged(item)
    item_take(item=item, by=by)
    before, item.state = item.state, state
    item.reviewed_by, item.reviewed_at, item.is_auto_approved = by, timezone.now(), False
    if item.second_opinion:
        item.second_opinion = SecondOpinion.SETTLED
    item.full_clean(exclude=["entry", "reviewed_by", "merged_into", "claimed_by", "assigned_to"])
    item.save()
    rules_changed(item)
    record(item, by, verb, {"state_before": before, **(data or {})})
    return item


def reopen(item: Reviewable) -> str:
    """Let the item wait for a person's decision again, and say in which state it was."""
    refuse_merged(item)
    before, item.state = item.state, ReviewState.PROPOSED
    item.reviewed_by, item.reviewed_at, item.is_auto_approved = None, None, False
    item.is_put_back = True
    if item.second_opinion == SecondOpinion.SETTLED:
        item.second_opinion = ""
    item.save()
    rules_changed(item)
    return str(before)


def record(item: Reviewable, by: Any, verb: str, data: dict[str, Any] | None = None) -> None:
    """Write "rule.approve" and the like into the audit trail."""
    audit_record(actor=by, action=f"{noun_of(item)}.{verb}", subject=item, data=data)


def refuse_merged(item: Reviewable) -> None:
    """Raise :class:`Conflict` for a rule that another one stands for."""
    if item.state == ReviewState.MERGED:
        raise Conflict(
            _("This rule was merged into another one."), remedy=_("Decide on that one instead.")
        )


def rules_changed(item: Reviewable) -> None:
    """An entry's place depends on its rules: let the next clustering embed them anew."""
    if isinstance(item, Rule):
        ids = [item.entry_id, *item.merged.values_list("entry_id", flat=True)]
        LogEntry.objects.filter(pk__in=ids).update(has_new_rules=True)


def items_of(noun: str) -> type[Rule] | type[PreferencePair]:
    """The model behind "rules" or "pairs"."""
    return {"rules": Rule, "pairs": PreferencePair}[noun]
