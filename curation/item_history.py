"""What is known of one rule or pair beside itself: its history, comments and opinions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from curation.models import Comment, Opinion, SecondOpinion
from curation.services.claims import Reviewable
from curation.services.deciding import noun_of
from curation.services.opinions import opinions_on
from uno_site.audit.models import AuditEvent
from uno_site.audit.selectors import events_about


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """Everything curators did with an item, the latest first, as ``user`` may see it.

    ``is_blind``: the person is due to judge it and must not know what others think, so that
    nothing else is filled in.
    """

    is_blind: bool
    has_opinion: bool = False
    events: tuple[AuditEvent, ...] = ()
    comments: tuple[Comment, ...] = ()
    opinions: tuple[Opinion, ...] = ()


def item_record(user: Any, item: Reviewable) -> ItemRecord:
    """The record of an item for ``user``."""
    opinions = tuple(opinions_on(item))
    has_opinion = any(opinion.by_id == user.pk for opinion in opinions)
    if item.second_opinion == SecondOpinion.WANTED and not has_opinion:
        return ItemRecord(is_blind=True)
    comments = Comment.objects.filter(**{noun_of(item): item}).select_related("by")
    return ItemRecord(
        is_blind=False,
        has_opinion=has_opinion,
        events=tuple(events_about([item])),
        comments=tuple(comments),
        opinions=opinions,
    )
