"""Notes that wait to be distilled anew, because one of the people behind them is gone."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from chat.experience.models import Experience
from uno_site.errors import Conflict

REDISTIL = "redistil"
"""The flag of a shared note that waits to be distilled anew; it has no text until then."""


def waiting_notes() -> list[Experience]:
    """Notes that are offline until they are distilled anew, the longest waiting first."""
    rows: Any = Experience.objects.filter(flags__icontains=REDISTIL).order_by("updated_at")
    return [row for row in rows if is_waiting(row)]


def is_waiting(note: Experience) -> bool:
    """Whether a note waits to be distilled anew."""
    return REDISTIL in note.flags


def check_settled(note: Experience) -> None:
    """Refuse what people do with a note that waits: it says nothing that one could decide on.

    Raises
    ------
    Conflict
        It waits to be distilled anew.
    """
    if is_waiting(note):
        raise Conflict(
            _("This note waits to be distilled anew."),
            remedy=_("Wait until it is; that happens by itself while the engine is idle."),
        )
