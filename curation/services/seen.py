"""A form sends what it showed: who decides on a stale one is told how the item stands now."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from curation.models import Rule
from curation.services.claims import Reviewable
from curation.services.deciding import refuse_merged
from uno_site.errors import Conflict

MAX_CHARS_TOLD = 300


def seen_stamp(item: Reviewable) -> str:
    """Stands for the words and the state that a card shows, 16 hexadecimal digits.

    Claims, skips, assignments and blind opinions leave it as it is.
    """
    texts = [item.text] if isinstance(item, Rule) else [item.chosen, item.rejected]
    shown = [str(item.state), str(item.second_opinion), item.flags, texts]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def refuse_stale(item: Reviewable, seen: str, by: Any) -> None:
    """Let nobody decide on what they have not seen; without ``seen`` nothing is compared.

    Raises
    ------
    Conflict
        The item's words or state are no longer those of the form; says what they are.
    """
    if not seen or seen == seen_stamp(item):
        return
    refuse_merged(item)
    is_mine = item.reviewed_by_id == by.pk
    text = item.text if isinstance(item, Rule) else item.chosen
    raise Conflict(
        _("This one was changed meanwhile.")
        if is_mine
        else _("Somebody else changed this one meanwhile."),
        remedy=_("It is now: %(state)s, “%(text)s”. Load the page again to go on from there.")
        % {"state": item.get_state_display(), "text": Truncator(text).chars(MAX_CHARS_TOLD)},
    )
