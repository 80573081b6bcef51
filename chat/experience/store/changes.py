"""What changed since a store last looked: the same way for NumPy's and PostgreSQL's."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chat.experience.models import StoreChange

#: More changes than this are not followed one by one: everything is read anew.
MAX_FOLLOWED = 5_000
#: So many of the latest changes are kept.
N_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Mark:
    """The latest change that somebody has seen; ``id`` 0 before the first."""

    id: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do to be as the database is: read ``ids`` again, or everything (None)."""

    ids: frozenset[UUID] | None
    mark: Mark


def changes_since(mark: Mark) -> Changes | None:
    """What changed since ``mark``; None where nothing did."""
    row = StoreChange.objects.order_by("-id").values_list("id", "token").first()
    latest = Mark(*row) if row else Mark()
    if latest == mark:
        return None
    if not mark.id or not StoreChange.objects.filter(id=mark.id, token=mark.token).exists():
        return Changes(None, latest)
    later = StoreChange.objects.filter(id__gt=mark.id, id__lte=latest.id)
    ids = list(later.values_list("experience_id", flat=True)[: MAX_FOLLOWED + 1])
    if len(ids) > MAX_FOLLOWED or None in ids:
        return Changes(None, latest)
    return Changes(frozenset(ids), latest)


def everything_changed() -> None:
    """Have every store read everything anew, in whichever process."""
    from secrets import token_hex

    StoreChange.objects.create(experience_id=None, token=token_hex(16))


def changes_prune() -> int:
    """Forget all but the latest changes; how many were forgotten."""
    latest = StoreChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return StoreChange.objects.filter(id__lte=latest - N_KEPT).delete()[0]
