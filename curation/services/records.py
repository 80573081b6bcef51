"""The records of decisions outlive what was decided on; the words in them do not.

An edit is recorded with the words before and after it, and can be undone for a while. Where the
rule or pair is gone (its person withdrew, or deleted the conversation), the records keep who
decided what and when, and nothing of what the person said.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from curation.models import PreferencePair, ReviewAction, Rule
from curation.services.review_actions import KEPT_HOURS
from uno_site.audit.models import AuditEvent

EDITS = {"rule.edit": Rule, "pair.edit": PreferencePair}
WORDS = ("before", "after")


def wordy_events() -> QuerySet[AuditEvent]:
    """Records of edits that still hold the words of rules or pairs which are gone."""
    is_wordy = Q()
    for action, model in EDITS.items():
        is_there = Exists(model.objects.filter(pk=OuterRef("subject_id")))
        is_wordy |= Q(~is_there, action=action)
    return AuditEvent.objects.filter(is_wordy, data__has_any_keys=WORDS)


def old_actions() -> QuerySet[ReviewAction]:
    """Decisions that can no longer be undone."""
    return ReviewAction.objects.filter(at__lt=timezone.now() - timedelta(hours=KEPT_HOURS))


def has_gone_words() -> bool:
    """Whether :func:`records_forget` has anything to do."""
    return wordy_events().exists() or old_actions().exists()


@transaction.atomic
def records_forget() -> int:
    """Take the words of rules and pairs that are gone out of the records; of how many edits.

    Decisions on them cannot be undone either: how these stood before is forgotten too.
    """
    old_actions().delete()
    events = list(wordy_events())
    gone = {str(event.subject_id) for event in events}
    for event in events:
        event.data = {name: value for name, value in event.data.items() if name not in WORDS}
    AuditEvent.objects.bulk_update(events, ["data"], batch_size=200)
    for action in ReviewAction.objects.filter(verb="edit"):
        _forget_rows(action, gone)
    return len(events)


def _forget_rows(action: ReviewAction, gone: set[str]) -> None:
    kept: list[dict[str, Any]] = [row for row in action.rows if row["id"] not in gone]
    if len(kept) < len(action.rows):
        action.rows = kept
        action.save(update_fields=["rows"])
