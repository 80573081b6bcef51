"""One update of the shared adapter: many people's interactions, a run, the check, the swap."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, QuerySet
from django.utils import timezone

from chat.models import Message
from training.models import AdapterState, Interaction, Mask, RunState, TrainingRun
from training.services.execution import run_execute
from training.services.personal.canary import canary_check
from training.services.personal.queue import heard, queue_fill
from training.services.personal.runs import (
    Learner,
    is_check_due,
    rows_of,
    run_begin,
    run_tidy,
    unchecked_run,
    unfinished_run,
)
from training.services.reporting import Portion, Reporter
from training.services.runs import ACTIVE_STATES
from uno_site.errors import Conflict
from uno_site.jobs.models import Job
from uno_site.runtime.services import runtime_setting

from .serving import served_version, shared_serve


@dataclass(frozen=True, slots=True)
class SharedPolicy:
    """When the shared adapter is updated, and with how much.

    An update takes ``min_new`` to ``max_new`` interactions of at least ``min_people``, the oldest
    first, and at most ``max_per_person`` of each: it shall learn what people share, and not one
    person's taste. After a run that failed the next is tried ``retry_after``.
    """

    min_new: int = 16
    max_new: int = 32
    min_people: int = 2
    max_per_person: int = 8
    retry_after: timedelta = timedelta(days=1)


POLICY = SharedPolicy()
NAME = "Shared adapter"


def people_who_agree() -> QuerySet[Any]:
    """Everybody whose follow-ups may be learned from for all."""
    return get_user_model().objects.filter(is_active=True, training_consent=True)


def shared_is_due() -> bool:
    """Whether the last run is still to be checked, or an update may find enough where the last
    one did not fail."""
    if not runtime_setting("shared_adapter"):
        return False
    runs = TrainingRun.objects.shared()
    unchecked = unchecked_run(runs, "shared_run")
    if unchecked is not None:
        return is_check_due(unchecked)
    if runs.filter(state__in=ACTIVE_STATES).exists():
        return False
    since = timezone.now() - POLICY.retry_after
    if runs.filter(state=RunState.FAILED, finished_at__gte=since).exists():
        return False
    return _is_enough(_counts())


def _counts() -> Counter[Any]:
    """How many interactions of each person wait, those that were not looked at included, or not
    since more was said of them."""
    counts: Counter[Any] = Counter()
    changed = Interaction.objects.agreed().changed().exclude(mask=Mask.NONE)
    for found in (Interaction.objects.waiting_for_all(), changed):
        rows = found.order_by().values_list("user").annotate(n=Count("pk"))
        counts.update(dict(rows))
    new = heard(Message.objects.filter(conversation__user__in=people_who_agree())).order_by()
    counts.update(dict(new.values_list("conversation__user").annotate(n=Count("pk"))))
    return counts


def _is_enough(counts: Counter[Any]) -> bool:
    usable = [min(n, POLICY.max_per_person) for n in counts.values() if n]
    return len(usable) >= POLICY.min_people and sum(usable) >= POLICY.min_new


def shared_update(report: Reporter, job: Job | None = None) -> TrainingRun | None:
    """Update the shared adapter, or go on with the update that ``job`` was broken off in, or
    whose check could not be done.

    The version before answers until the new one has passed its check, and afterwards where it
    has not. None where too little waits, or of too few people.

    Raises
    ------
    Conflict
        The admins have switched it off.
    TrainingFailed, InferenceError
        The run failed, or the engine is away; what is served has not changed.
    """
    if not runtime_setting("shared_adapter"):
        raise Conflict(
            "The shared adapter is switched off.", remedy="Switch it on in the settings."
        )
    run = unfinished_run(TrainingRun.objects.shared(), "shared_run", job) or _begin(job)
    if run is None:
        return None
    if run.state in (RunState.QUEUED, RunState.TRAINING):
        run_execute(run, Portion(report, 0.0, 0.8))
    adapter = canary_check(run, Portion(report, 0.8, 1.0))
    run_tidy(run)
    if adapter is not None and adapter.state == AdapterState.ACCEPTED:
        shared_serve(adapter)
    return run


def _begin(job: Job | None) -> TrainingRun | None:
    for user in people_who_agree().filter(pk__in=_counts()):
        queue_fill(user)
    rows = rows_of(_taken())
    if not _is_enough(Counter(one.user_id for one, _ in rows)):
        return None
    learner = Learner(
        name=NAME,
        mark="shared_run",
        start=served_version(),
        seed=TrainingRun.objects.shared().count(),
    )
    return run_begin(learner, rows, job)


def _taken() -> list[Interaction]:
    """The oldest that wait, not too many of anybody's."""
    taken: list[Interaction] = []
    counts: Counter[Any] = Counter()
    waiting = Interaction.objects.waiting_for_all()
    for one in waiting.select_related("reply__conversation", "reply__tokens").iterator():
        if counts[one.user_id] < POLICY.max_per_person:
            counts[one.user_id] += 1
            taken.append(one)
        if len(taken) == POLICY.max_new:
            break
    return taken
