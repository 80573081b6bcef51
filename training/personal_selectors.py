"""Reading a person's own adapter: their queue in numbers, and its versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.models import Adapter, Interaction, Mask
from training.services.personal.queue import new_replies


@dataclass(frozen=True, slots=True)
class PersonalQueue:
    """How many interactions stand where.

    ``n_new`` were not looked at yet; ``n_waiting`` ask for something and were not learned; the
    content and the irrelevant ones teach nothing; ``n_learned`` are in a version.
    """

    n_new: int
    n_waiting: int
    n_satisfied: int
    n_irrelevant: int
    n_learned: int

    @property
    def n_total(self) -> int:
        """All of them."""
        kept = self.n_waiting + self.n_satisfied + self.n_irrelevant + self.n_learned
        return self.n_new + kept


def personal_queue(user: Any) -> PersonalQueue:
    """The person's queue."""
    own = Interaction.objects.visible_to(user)
    n_waiting, asking = own.waiting().count(), own.filter(mask=Mask.NONE)
    return PersonalQueue(
        n_new=new_replies(user).count(),
        n_waiting=n_waiting,
        n_satisfied=own.filter(mask=Mask.SATISFIED).count(),
        n_irrelevant=own.filter(mask=Mask.IRRELEVANT).count(),
        n_learned=asking.count() - n_waiting,
    )


def personal_versions(user: Any) -> list[Adapter]:
    """The versions of the person's adapter with their checks, newest first."""
    return list(Adapter.objects.personal(user.pk).select_related("run__verification"))
