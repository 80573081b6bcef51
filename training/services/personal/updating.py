"""One update of a personal adapter: new interactions, a run, the canary check, the swap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone

from training.models import Adapter, AdapterState, Interaction, Mask, RunState, TrainingRun
from training.services import runs as run_services
from training.services.execution import run_execute
from training.services.reporting import Portion, Reporter
from uno_site.errors import UnoError
from uno_site.jobs.context import JobCancelled
from uno_site.jobs.models import Job
from uno_site.runtime.services import runtime_setting

from .canary import canary_check
from .queue import new_replies, queue_fill
from .runs import (
    Learner,
    is_check_due,
    rows_of,
    run_begin,
    run_tidy,
    unchecked_run,
    unfinished_run,
)
from .serving import personal_serve


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """When an adapter is updated, and with how much.

    An update takes ``min_new`` to ``max_new`` interactions that ask for something, the oldest
    first. After a run that failed the next is tried ``retry_after``. (Measured:
    docs/experiments.md, personal adapters.)
    """

    min_new: int = 8
    max_new: int = 16
    retry_after: timedelta = timedelta(days=1)


QUEUE = QueuePolicy()
NAME = "Personal adapter"


def people_with_adapter() -> QuerySet[Any]:
    """Everybody whose own adapter may learn: both consents, and the admins allow it."""
    people = get_user_model().objects.filter(
        is_active=True, training_consent=True, wants_personal_adapter=True
    )
    return people if runtime_setting("personal_adapters") else people.none()


def people_to_update() -> list[Any]:
    """Those of them whose last run is still to be checked, or whose queue may hold enough for an
    update where the last run did not fail."""
    return [user for user in people_with_adapter() if _is_due(user)]


def _is_due(user: Any) -> bool:
    own = TrainingRun.objects.personal(user.pk)
    unchecked = unchecked_run(own, "run")
    if unchecked is not None:
        return is_check_due(unchecked)
    if own.filter(state__in=run_services.ACTIVE_STATES).exists():
        return False
    since = timezone.now() - QUEUE.retry_after
    if own.filter(state=RunState.FAILED, finished_at__gte=since).exists():
        return False
    queue = Interaction.objects.visible_to(user)
    n_changed = queue.changed().exclude(mask=Mask.NONE).count()
    n_new = n_changed + new_replies(user).count()
    return queue.waiting().count() + n_new >= QUEUE.min_new


def personal_update_all(report: Reporter, job: Job | None = None) -> dict[str, Any]:
    """Update everybody who is due, and go on with what ``job`` was broken off in.

    Returns the state of each run by its id, and how many ``n_failed``.
    """
    begun = TrainingRun.objects.filter(owner__isnull=False, job=job) if job else []
    people = {run.owner_id: run.owner for run in begun if run.state in run_services.ACTIVE_STATES}
    people |= {user.pk: user for user in people_to_update()}
    states: dict[str, str] = {}
    n_failed = 0
    for index, user in enumerate(people.values()):
        report.check_cancelled()
        portion = Portion(report, index / len(people), (index + 1) / len(people))
        try:
            run = personal_update(user, portion, job)
        except JobCancelled:
            raise
        except UnoError as error:
            n_failed += 1
            report.log(f"an update failed: {error}")
            continue
        if run is not None:
            states[str(run.pk)] = run.state
    return {"runs": states, "n_failed": n_failed}


def personal_update(user: Any, report: Reporter, job: Job | None = None) -> TrainingRun | None:
    """Update the person's adapter, or go on with the update that ``job`` was broken off in, or
    whose check could not be done.

    The version before answers until the new one has passed its check, and afterwards where it
    has not. None where the queue does not hold enough, or its owner has switched it off or
    withdrawn while others' were trained.

    Raises
    ------
    TrainingFailed, InferenceError
        The run failed, or the engine is away; what is served has not changed.
    """
    if not _is_wanted(user):
        return None
    own = TrainingRun.objects.personal(user.pk)
    run = unfinished_run(own, "run", job) or _begin(user, job)
    if run is None:
        return None
    if run.state in (RunState.QUEUED, RunState.TRAINING):
        run_execute(run, Portion(report, 0.0, 0.8))
    adapter = canary_check(run, Portion(report, 0.8, 1.0))
    run_tidy(run)
    if adapter is not None and adapter.state == AdapterState.ACCEPTED:
        personal_serve(adapter)
    return run


def _is_wanted(user: Any) -> bool:
    """Whether it may learn, as things are now: those to update were found when the job began."""
    return people_with_adapter().filter(pk=user.pk).exists()


def _begin(user: Any, job: Job | None) -> TrainingRun | None:
    queue_fill(user)
    waiting = Interaction.objects.visible_to(user).waiting()
    found = waiting.select_related("reply__conversation", "reply__tokens")[: QUEUE.max_new]
    rows = rows_of(list(found))
    if len(rows) < QUEUE.min_new:
        return None
    own = Adapter.objects.personal(user.pk)
    learner = Learner(
        name=NAME,
        mark="run",
        start=own.filter(state=AdapterState.SERVED).first(),
        seed=TrainingRun.objects.personal(user.pk).count(),
        owner=user,
    )
    return run_begin(learner, rows, job)
