"""Claims: while a curator looks at an item, others' queues skip it and nobody else decides on it.

Taken, kept and given back by conditional updates, so that of two curators one wins.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.models import PreferencePair, ReviewState, Rule
from uno_site.errors import Conflict

Reviewable = Rule | PreferencePair
CLAIM_MINUTES = 10
FREE = {"claimed_by": None, "claimed_until": None}


def free_for(user: Any) -> Q:
    """Items that nobody else has claimed now."""
    return Q(claimed_until__isnull=True) | Q(claimed_until__lte=timezone.now()) | Q(claimed_by=user)


def item_claim(*, item: Reviewable, by: Any) -> None:
    """Claim an item that waits for :data:`CLAIM_MINUTES`, or renew the claim.

    Raises
    ------
    Conflict
        Somebody else has it, or it has been decided on.
    """
    until = timezone.now() + timedelta(minutes=CLAIM_MINUTES)
    rows = type(item).objects.filter(free_for(by), pk=item.pk, state=ReviewState.PROPOSED)
    if not rows.update(claimed_by=by, claimed_until=until):
        raise _refusal(item)
    item.claimed_by, item.claimed_until = by, until


def item_release(*, item: Reviewable, by: Any) -> bool:
    """Give the item back, if it was ``by``'s; whether it was."""
    return bool(type(item).objects.filter(pk=item.pk, claimed_by=by).update(**FREE))


def item_take(*, item: Reviewable, by: Any) -> None:
    """Make sure, within a transaction, that ``by`` may change the item as it was read.

    The claim ends; PostgreSQL keeps the row locked until the transaction does, SQLite the file.

    Raises
    ------
    Conflict
        Somebody else has it, or it changed since it was read.
    """
    rows = type(item).objects.filter(free_for(by), pk=item.pk, updated_at=item.updated_at)
    if not rows.update(**FREE):
        raise _refusal(item)
    item.claimed_by, item.claimed_until = None, None


def _refusal(item: Reviewable) -> Conflict:
    now = type(item).objects.select_related("claimed_by").filter(pk=item.pk).first()
    if now is not None and now.claimed_by and now.claimed_until > timezone.now():
        return Conflict(
            _("%(username)s is looking at this one.") % {"username": now.claimed_by.username},
            remedy=_("Go on with the next; it comes back when it is given back undecided."),
        )
    return Conflict(
        _("This one was changed meanwhile."), remedy=_("Load the page again to see how.")
    )
