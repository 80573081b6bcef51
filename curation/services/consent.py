"""Withdrawn consent: nothing that was made from a person's logs stays.

The entries of somebody without consent leave every selector at once, by the queryset; this
deletes what was derived from them. Adapters that learned from them are the training room's.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from curation.models import EntryState, LogEntry, unread
from curation.services.records import has_gone_words, records_forget
from curation.services.withdrawal import artefacts_delete, orphans, orphans_reopen


def withdrawn_entries() -> Any:
    """Entries without consent of which something is still there to be taken back."""
    withdrawn = LogEntry.objects.filter(user__isnull=False).exclude(user__training_consent=True)
    return withdrawn.filter(
        Q(rules__isnull=False)
        | Q(pairs__isnull=False)
        | Q(candidates__isnull=False)
        | Q(cluster__isnull=False)
        | ~Q(state=EntryState.PENDING)
    ).distinct()


def consent_sync() -> dict[str, int]:
    """Delete the artefacts of entries whose person has no consent; counts of what went.

    What a deleted conversation took along is followed too: rules that had been merged into one
    of its own wait again, and records of decisions lose its words.

    The entry itself stays, unread, so that consent given again brings it back; it is
    distilled anew then. Deleting the conversation deletes the entry too.
    """
    ids = list(withdrawn_entries().values_list("pk", flat=True))
    counts = artefacts_delete(ids)
    LogEntry.objects.filter(pk__in=ids).update(**unread())
    reopened, records = orphans_reopen(), records_forget()
    return {"entries": len(ids), "reopened": reopened, "records": records, **counts}


def has_to_forget() -> bool:
    """Whether :func:`consent_sync` has anything to do: somebody withdrew, or deleted something."""
    return withdrawn_entries().exists() or orphans().exists() or has_gone_words()
