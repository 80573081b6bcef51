"""Taking back what was made from entries, so that nothing of them is learned."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from chat.models import Message
from curation.models import Candidate, LogEntry, PreferencePair, ReviewState, Rule
from uno_site.audit.services import audit_record

NEXT_REPLY = "next_reply"
"""Strategy of a candidate that the log itself holds: what the assistant answered next."""

LOGGED_REPLY = "logged_reply"
"""Strategy of the candidate that is the reply itself: it carries the judge's score of it."""

INHERITED = ["state", "reviewed_by_id", "reviewed_at", "is_auto_approved", "is_put_back"]


@transaction.atomic
def artefacts_delete(entry_ids: Collection[Any]) -> dict[str, int]:
    """Delete the rules, candidates and pairs of the entries; how many of each went.

    A rule of another entry that had been merged into one of these stands on its own again,
    with the decision that the merged rule had. Candidates that came with an imported log are
    part of the log and stay.
    """
    rules = Rule.objects.filter(entry_id__in=entry_ids)
    _hand_over(rules)
    return {
        "rules": rules.delete()[1].get("curation.Rule", 0),
        "candidates": Candidate.objects.filter(entry_id__in=entry_ids)
        .exclude(strategy=NEXT_REPLY)
        .delete()[0],
        "pairs": PreferencePair.objects.filter(entry_id__in=entry_ids)
        .delete()[1]
        .get("curation.PreferencePair", 0),
    }


def _hand_over(rules: Any) -> None:
    """Let one merged rule of each group take the place of the rule that goes."""
    orphans = Rule.objects.filter(merged_into__in=rules).exclude(pk__in=rules.values("pk"))
    heirs: dict[Any, Rule] = {}
    for orphan in orphans.select_related("merged_into").order_by("created_at"):
        gone = orphan.merged_into
        heir = heirs.setdefault(gone.pk, orphan)
        if heir is orphan:
            for name in INHERITED:
                setattr(orphan, name, getattr(gone, name))
            orphan.merged_into = None
        else:
            orphan.merged_into = heir
        orphan.save()


@transaction.atomic
def entry_withdraw(*, entry: LogEntry, by: Any) -> None:
    """Take one entry out of the learning for its person: it goes with all that was made of it.

    Its reply is marked, so that no entry is made of it again. Adapters that learned from it
    are tainted and taken off by the training room, which finds that the entry is gone.
    """
    Message.objects.filter(pk=entry.message_id).update(is_withdrawn=True)
    audit_record(actor=by, action="entry.withdraw", subject=entry)
    artefacts_delete([entry.pk])
    entry.delete()
    orphans_reopen()


def withdrawal_undo(*, message: Message) -> None:
    """Let the reply be learned from again; its entry is made anew with the next logs."""
    Message.objects.filter(pk=message.pk).update(is_withdrawn=False)


def orphans() -> QuerySet[Rule]:
    """Rules whose merge target a deleted conversation took along: nothing stands for them."""
    return Rule.objects.filter(state=ReviewState.MERGED, merged_into__isnull=True)


def orphans_reopen() -> int:
    """Put such rules back into the queue."""
    return orphans().update(state=ReviewState.PROPOSED, updated_at=timezone.now())
