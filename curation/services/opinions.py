"""Second opinions: two curators judge an item blind; where they differ, a third decides.

Only the two blind opinions are kept for the agreement figures, the third's decision is not.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from curation.models import Opinion, ReviewState, SecondOpinion
from curation.services.claims import Reviewable, item_take
from curation.services.deciding import decide, noun_of, record, refuse_merged, reopen
from uno_site.errors import Conflict

VERBS = {ReviewState.APPROVED: "approve", ReviewState.REJECTED: "reject"}


def opinions_on(item: Reviewable) -> QuerySet[Opinion]:
    """The opinions on the item, the first one first."""
    return Opinion.objects.filter(**{noun_of(item): item}).select_related("by").order_by("at")


def has_opinion(item: Reviewable, user: Any) -> bool:
    """Whether ``user`` has judged the item."""
    return opinions_on(item).filter(by=user).exists()


@transaction.atomic
def opinion_ask(*, item: Reviewable, by: Any) -> Reviewable:
    """Have the item judged by two curators, blind.

    A curator's decision that stands becomes the first opinion, and the item waits again.

    Raises
    ------
    Conflict
        It was asked for before and is not settled, or the item cannot be decided on now.
    """
    refuse_merged(item)
    if item.is_open_to_opinions:
        raise Conflict(_("A second opinion is already waited for."))
    item_take(item=item, by=by)
    opinions_on(item).delete()
    if item.state in VERBS and item.reviewed_by_id and not item.is_auto_approved:
        Opinion.objects.create(
            **{noun_of(item): item}, by_id=item.reviewed_by_id, verdict=item.state
        )
    item.second_opinion = SecondOpinion.WANTED
    record(item, by, "ask_opinion", {"before": reopen(item)})
    return item


@transaction.atomic
def opinion_call_off(*, item: Reviewable, by: Any) -> Reviewable:
    """Let one curator decide after all; the opinions given so far are dropped.

    Raises
    ------
    Conflict
        None is waited for, or opinions differ and ``by`` is no admin.
    """
    if not item.is_open_to_opinions:
        raise Conflict(_("No second opinion is waited for."))
    if item.second_opinion == SecondOpinion.DISPUTED and not by.is_admin:
        raise Conflict(_("Two opinions differ."), remedy=_("A third curator decides, or an admin."))
    item_take(item=item, by=by)
    opinions_on(item).delete()
    item.second_opinion = ""
    item.save(update_fields=["second_opinion", "updated_at"])
    record(item, by, "call_off_opinion")
    return item


@transaction.atomic
def opinion_give(*, item: Reviewable, verdict: str, by: Any) -> Reviewable:
    """Judge an item that two were asked about: the second opinion settles it or disputes it.

    Raises
    ------
    Conflict
        ``by`` has judged it before, or somebody else has claimed it.
    """
    refuse_own_opinion(item, by)
    if item.second_opinion == SecondOpinion.DISPUTED:
        return decide(item, verdict, by, VERBS[ReviewState(verdict)], {"opinions": _told(item)})
    item_take(item=item, by=by)
    first = opinions_on(item).first()
    Opinion.objects.create(**{noun_of(item): item}, by=by, verdict=verdict)
    if first is None:
        item.save(update_fields=["updated_at"])
        record(item, by, "opinion")
    elif first.verdict == verdict:
        return decide(item, verdict, by, VERBS[ReviewState(verdict)], {"opinions": _told(item)})
    else:
        item.second_opinion = SecondOpinion.DISPUTED
        item.save(update_fields=["second_opinion", "updated_at"])
        record(item, by, "dispute", {"opinions": _told(item)})
    return item


def refuse_own_opinion(item: Reviewable, by: Any) -> None:
    """Raise :class:`Conflict` where ``by`` has judged the item already."""
    if has_opinion(item, by):
        raise Conflict(
            _("You have given your opinion on this one."), remedy=_("Another curator is due.")
        )


def _told(item: Reviewable) -> dict[str, str]:
    return {opinion.by.username: opinion.verdict for opinion in opinions_on(item)}
