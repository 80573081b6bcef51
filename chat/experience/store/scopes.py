"""Which scopes a person's replies may draw on: they are chosen before anything is searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from chat.experience.models import Scope


@dataclass(frozen=True, slots=True)
class ScopeKey:
    """One scope: everybody's, a group's (``whose`` its id), or a person's own."""

    scope: str
    whose: UUID | int | None = None

    def condition(self) -> Q:
        """The condition on notes of this scope."""
        named = {Scope.PRIVATE: "owner_id", Scope.GROUP: "group_id"}.get(Scope(self.scope))
        return Q(scope=self.scope, **({named: self.whose} if named else {}))


def scopes_of(user: Any) -> tuple[ScopeKey, ...]:
    """The scopes of ``user``: their own, their groups', everybody's."""
    groups = user.groups.order_by("pk").values_list("pk", flat=True)
    return (
        ScopeKey(Scope.PRIVATE, user.pk),
        *(ScopeKey(Scope.GROUP, pk) for pk in groups),
        ScopeKey(Scope.GLOBAL),
    )
