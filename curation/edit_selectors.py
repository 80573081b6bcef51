"""What people made of replies: the edits that may be learned from, and from whom they are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from curation.models import PairSource, PreferencePair
from curation.selectors import approved_pairs


@dataclass(frozen=True, slots=True)
class EditPair:
    """One edit: the prompt, the ``reply`` as the model wrote it, and the text it became.

    ``user_id`` is None for an imported entry.
    """

    entry_id: uuid.UUID
    pair_id: uuid.UUID
    user_id: uuid.UUID | None
    messages: list[dict[str, str]]
    reply: str
    edited: str


def edit_pairs() -> QuerySet[PreferencePair]:
    """Approved pairs whose better answer is the person's own edit, unless their cluster is
    excluded, noise or retired; an entry need not be in a cluster."""
    is_placed = Q(
        entry__cluster__is_excluded=False,
        entry__cluster__is_noise=False,
        entry__cluster__retired_at__isnull=True,
    )
    pairs = approved_pairs().filter(source=PairSource.USER_EDIT)
    return pairs.filter(Q(entry__cluster__isnull=True) | is_placed).order_by("created_at", "pk")


def edit_material() -> list[EditPair]:
    """The same with their texts, oldest first."""
    return [
        EditPair(
            entry_id=pair.entry_id,
            pair_id=pair.pk,
            user_id=pair.entry.user_id,
            messages=pair.entry.messages,
            reply=pair.rejected,
            edited=pair.chosen,
        )
        for pair in edit_pairs()
    ]
