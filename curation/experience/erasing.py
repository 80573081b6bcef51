"""What one person's chats taught is taken back: at once where it serves, and with a receipt.

Rows that rest on this person alone go, with vector, history and uses. Shared rows that rest on
others too stop serving at once, and are distilled anew from what those others said.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from chat.experience.models import (
    Episode,
    ErasureReceipt,
    Evidence,
    Experience,
    Revision,
    Scope,
    Source,
    Status,
)
from chat.experience.services.embedding import vectors_forget
from curation.experience.promotion import tombstone_add
from curation.experience.waiting import REDISTIL
from curation.models import Rule

DELETED, OFFLINE, REDISTILLED = "deleted", "offline", "redistilled"
WITHDRAWN, ERASED, GONE = "consent withdrawn", "person erased", "chat deleted"

Item = dict[str, str]


def subject_hash(user_id: Any) -> str:
    """What a receipt calls a person: found again only by whoever has the id."""
    return hashlib.sha256(f"uno-erasure:{user_id}".encode()).hexdigest()


@transaction.atomic
def person_forget(
    *, user: Any, reason: str, by: Any = None, with_written: bool = False
) -> ErasureReceipt | None:
    """Take back what was learned from a person; None where there was nothing.

    Parameters
    ----------
    with_written
        Also what they wrote for themselves: when the person goes, not when they withdraw.
    """
    items: list[Item] = []
    own = Experience.objects.filter(owner=user)
    items += _delete(own if with_written else own.exclude(source=Source.WRITTEN))
    items += _take_from_shared(user)
    items += _delete(Experience.objects.filter(rule__in=_rules_of(user)))
    episodes = Episode.objects.filter(user=user)
    items += [_item(episode, DELETED) for episode in episodes]
    episodes.delete()
    if not items:
        return None
    return receipt_create(user.pk, items, reason, by)


def _rules_of(user: Any) -> QuerySet[Any]:
    return Rule.objects.filter(entry__user=user).values("pk")


def _delete(rows: QuerySet[Experience]) -> list[Item]:
    found = list(rows)
    for row in found:
        tombstone_add(row, "erased")
        row.delete()
    return [_item(row, DELETED) for row in found]


def _take_from_shared(user: Any) -> list[Item]:
    """Shared rows that rest on the person: gone, or offline until they are distilled anew."""
    theirs = Evidence.objects.filter(episode__user=user, experience=OuterRef("pk"))
    shared = Experience.objects.exclude(scope=Scope.PRIVATE).filter(Exists(theirs))
    items = []
    for row in list(shared):
        was_for = row.evidence.filter(episode__user=user, is_for=True).exists()
        row.evidence.filter(episode__user=user).delete()
        if not was_for:
            continue
        if row.evidence.filter(is_for=True).exists():
            items.append(_offline(row))
        else:
            items += _delete(Experience.objects.filter(pk=row.pk))
    return items


def _offline(row: Experience) -> Item:
    """Its words may be the person's: it stops serving now, and its history goes."""
    tombstone_add(row, "erased")
    Revision.objects.filter(experience=row).delete()
    row.status, row.reason = Status.QUARANTINED, "waits to be distilled anew"
    row.flags = [*(flag for flag in row.flags if flag != REDISTIL), REDISTIL]
    vectors_forget(row)
    row.trigger, row.content, row.content_hash = "…", "…", ""
    row.superseded_by = None
    row.save()
    return _item(row, OFFLINE)


def _item(row: Any, done: str) -> Item:
    return {"table": row._meta.db_table, "id": str(row.pk), "done": done}


def receipt_create(user_id: UUID, items: list[Item], reason: str, by: Any) -> ErasureReceipt:
    """The record of an erasure: rows and counts, and of the person a hash."""
    return ErasureReceipt.objects.create(
        subject=subject_hash(user_id),
        reason=reason,
        items=items,
        counts=_counts(items),
        requested_by=by if getattr(by, "pk", None) else None,
        finished_at=None if any(item["done"] == OFFLINE for item in items) else timezone.now(),
    )


def _counts(items: Iterable[Item]) -> dict[str, int]:
    return dict(Counter(f"{item['table']} {item['done']}" for item in items))


@transaction.atomic
def receipt_extend(receipt: ErasureReceipt, items: list[Item]) -> ErasureReceipt:
    """Add what further rooms did for the same erasure."""
    receipt.items = [*receipt.items, *items]
    receipt.counts = _counts(receipt.items)
    receipt.save(update_fields=["items", "counts", "updated_at"])
    return receipt


@transaction.atomic
def receipts_settle(row_id: UUID, done: str) -> int:
    """A row that waited is done: every receipt that names it says so."""
    waiting = ErasureReceipt.objects.filter(finished_at=None)
    n_changed = 0
    for receipt in waiting:
        before = receipt.items
        receipt.items = [
            {**item, "done": done}
            if item["id"] == str(row_id) and item["done"] == OFFLINE
            else item
            for item in before
        ]
        if receipt.items != before:
            n_changed += 1
            receipt.counts = _counts(receipt.items)
            if not any(item["done"] == OFFLINE for item in receipt.items):
                receipt.finished_at = timezone.now()
            receipt.save()
    return n_changed


def withdrawn_people() -> Any:
    """People without consent of whom something learned is still there."""
    people = get_user_model().objects.exclude(training_consent=True)
    learned = Q(experiences__source=Source.DISTILLED) | Q(episodes__isnull=False)
    return people.filter(learned).distinct()


def orphaned_notes() -> QuerySet[Experience]:
    """Learned notes that rest on nothing any more: their chats were deleted."""
    rests = Evidence.objects.filter(experience=OuterRef("pk"), is_for=True)
    return Experience.objects.filter(~Exists(rests), source=Source.DISTILLED)


def has_to_forget() -> bool:
    """Whether :func:`withdrawals_follow` has anything to do."""
    return withdrawn_people().exists() or orphaned_notes().exists()


def withdrawals_follow() -> dict[str, int]:
    """Follow every withdrawal and deletion; doing it twice changes nothing more."""
    totals = {"n_people": 0, "n_rows": 0}
    for user in withdrawn_people():
        receipt = person_forget(user=user, reason=WITHDRAWN)
        totals["n_people"] += 1
        totals["n_rows"] += len(receipt.items) if receipt else 0
    totals["n_rows"] += len(_delete(orphaned_notes()))
    return totals
