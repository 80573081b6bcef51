"""Decisions on one or many items at once, each of which can be undone by whoever made it.

An action keeps how every item stood before: its fields, and the opinions on it. Undoing
restores an item by a conditional update, unless it was changed after the action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.models import Opinion, ReviewAction, ReviewState, Rule
from curation.services import opinions, review
from curation.services.assigning import item_assign
from curation.services.claims import FREE, Reviewable
from curation.services.deciding import items_of, noun_of, record, rules_changed
from uno_site.errors import Conflict

KEPT_HOURS = 24
FIELDS = (
    "state",
    "flags",
    "reviewed_by_id",
    "reviewed_at",
    "skipped_at",
    "is_auto_approved",
    "assigned_to_id",
    "second_opinion",
)
TEXTS = {"rules": ("text", "original_text"), "pairs": ("chosen", "original_chosen")}
TIMES = ("reviewed_at", "skipped_at")
SERVICES: dict[str, Callable[..., Any]] = {
    "approve": review.item_approve,
    "reject": review.item_reject,
    "skip": review.item_skip,
    "reopen": review.item_reopen,
    "edit": review.item_edit,
    "assign": item_assign,
    "ask": opinions.opinion_ask,
    "call-off": opinions.opinion_call_off,
}
BULK = ("approve", "reject", "skip", "assign", "ask")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: the items it changed, and how many it left as they were."""

    action: ReviewAction | None
    items: list[Reviewable] = field(default_factory=list)
    n_left: int = 0


@transaction.atomic
def action_run(*, verb: str, noun: str, item: Reviewable, by: Any, **values: Any) -> Outcome:
    """Do ``verb`` (one of :data:`SERVICES`) to one item, in a way that can be undone.

    Raises
    ------
    Conflict, InvalidInput
        As the verb's service says; nothing was changed.
    """
    row = _done(verb, noun, item, by, values)
    return Outcome(_keep(verb, noun, by, [row]), [item])


@transaction.atomic
def actions_run(
    *, verb: str, noun: str, items: Iterable[Reviewable], by: Any, **values: Any
) -> Outcome:
    """Do ``verb`` (one of :data:`BULK`) to several items; one undo takes all of it back.

    Left as they are: flagged ones where they would be approved, since those want a closer
    look, and those that somebody else has claimed or changed.
    """
    rows: list[dict[str, Any]] = []
    changed: list[Reviewable] = []
    n_left = 0
    for item in items:
        try:
            if verb == "approve" and item.flags:
                raise Conflict(_("It is flagged."), remedy=_("Look at it by itself."))
            rows.append(_done(verb, noun, item, by, values))
            changed.append(item)
        except Conflict:
            n_left += 1
    return Outcome(_keep(verb, noun, by, rows) if rows else None, changed, n_left)


@transaction.atomic
def action_undo(*, action: ReviewAction, by: Any) -> Outcome:
    """Restore every item of the action that nobody has changed since.

    Raises
    ------
    Conflict
        It has been undone, or every item was changed since.
    """
    mine = ReviewAction.objects.filter(pk=action.pk, by=by, undone_at__isnull=True)
    if not mine.update(undone_at=timezone.now()):
        raise Conflict(_("This has been undone already."))
    restored = [item for row in action.rows if (item := _restore(action, row, by))]
    if not restored:
        raise Conflict(_("This was changed since."), remedy=_("Its page tells by whom."))
    return Outcome(action, restored, len(action.rows) - len(restored))


def _done(
    verb: str, noun: str, item: Reviewable, by: Any, values: dict[str, Any]
) -> dict[str, Any]:
    """Do it, and say how the item stood before."""
    # What does not change the words needs none to be undone; they are not kept twice.
    texts = TEXTS[noun] if verb == "edit" else ()
    before = {name: getattr(item, name) for name in (*FIELDS, *texts)}
    given = list(opinions.opinions_on(item).values("by_id", "verdict", "at"))
    with transaction.atomic():
        SERVICES[verb](item=item, by=by, **values)
    return {
        "id": str(item.pk),
        "before": _plain(before),
        "opinions": [_plain(opinion) for opinion in given],
        "state": item.state,
        "updated_at": item.updated_at.isoformat(),
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """The values as JSON holds them, with times to the microsecond."""
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _keep(verb: str, noun: str, by: Any, rows: list[dict[str, Any]]) -> ReviewAction:
    old = timezone.now() - timedelta(hours=KEPT_HOURS)
    ReviewAction.objects.filter(by=by, at__lt=old).delete()
    return ReviewAction.objects.create(verb=verb, noun=noun, by=by, rows=rows)


def _restore(action: ReviewAction, row: dict[str, Any], by: Any) -> Reviewable | None:
    model = items_of(action.noun)
    before = row["before"] | {
        name: row["before"][name] and datetime.fromisoformat(row["before"][name]) for name in TIMES
    }
    before["is_put_back"] = before["state"] == ReviewState.PROPOSED
    if model is Rule:
        before["embedding"] = None
    unchanged = model.objects.filter(
        pk=row["id"], state=row["state"], updated_at=datetime.fromisoformat(row["updated_at"])
    )
    if not unchanged.update(**before, **FREE, updated_at=timezone.now()):
        return None
    item = model.objects.get(pk=row["id"])
    _restore_opinions(item, row["opinions"])
    rules_changed(item)
    record(item, by, "undo", {"undone": action.verb, "state_before": row["state"]})
    return item


def _restore_opinions(item: Reviewable, kept: list[dict[str, str]]) -> None:
    opinions.opinions_on(item).delete()
    for given in kept:
        opinion = Opinion.objects.create(
            **{noun_of(item): item}, by_id=given["by_id"], verdict=ReviewState(given["verdict"])
        )
        Opinion.objects.filter(pk=opinion.pk).update(at=datetime.fromisoformat(given["at"]))
