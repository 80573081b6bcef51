"""Reading the shared adapter: what waits for it, and its versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chat.models import Message
from training.models import Adapter, Interaction, TrainingRun
from training.services.personal.queue import heard
from training.services.runs import ACTIVE_STATES
from training.services.shared.updating import people_who_agree


@dataclass(frozen=True, slots=True)
class SharedQueue:
    """How many interactions stand where, of how many people.

    ``n_new`` were not looked at yet; ``n_waiting`` ask for something and were not learned;
    ``n_learned`` are in a version.
    """

    n_new: int
    n_waiting: int
    n_people_waiting: int
    n_learned: int


def shared_queue() -> SharedQueue:
    """Everybody's queue as far as it is for all."""
    waiting = Interaction.objects.waiting_for_all()
    new = heard(Message.objects.filter(conversation__user__in=people_who_agree()))
    return SharedQueue(
        n_new=new.count(),
        n_waiting=waiting.count(),
        n_people_waiting=waiting.order_by().values("user").distinct().count(),
        n_learned=Interaction.objects.exclude(shared_run=None).count() - _n_failed(),
    )


def _n_failed() -> int:
    failed = Interaction.objects.filter(shared_run__state__in=("failed", "cancelled"))
    return failed.count()


def shared_versions(user: Any) -> list[Adapter]:
    """The versions that ``user`` may see with their checks, newest first."""
    shared = Adapter.objects.visible_to(user) & Adapter.objects.shared().order_by()
    return list(shared.select_related("run__verification").order_by("-version"))


def shared_run_active(user: Any) -> TrainingRun | None:
    """The update at work, if any."""
    shared = TrainingRun.objects.visible_to(user) & TrainingRun.objects.shared().order_by()
    found: TrainingRun | None = shared.filter(state__in=ACTIVE_STATES).first()
    return found
