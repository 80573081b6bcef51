"""One update of a personal adapter: new interactions, a run, the canary check, the swap."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from training.ml.warm_start import misfit
from training.models import Adapter, AdapterKind, AdapterState, Interaction, RunState, TrainingRun
from training.services import runs as run_services
from training.services.adapters import is_intact
from training.services.execution import run_execute
from training.services.profiles import config_for
from training.services.reporting import Portion, Reporter
from training.services.run_folder import dump_rows, rows_hash
from training.services.starting_points import StartingPoint
from uno_site.audit.services import audit_record
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import UnoError
from uno_site.jobs.context import JobCancelled
from uno_site.jobs.models import Job
from uno_site.runtime.services import runtime_setting

from .canary import canary_check
from .queue import new_replies, queue_fill
from .rows import canary_rows, interaction_row
from .serving import personal_serve


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """When an adapter is updated, and with how much.

    An update takes ``min_new`` to ``max_new`` interactions that ask for something, the oldest
    first; one of ``held_out_every`` only validates. After a run that failed the next is tried
    ``retry_after``. (Measured: docs/experiments.md, personal adapters.)
    """

    min_new: int = 8
    max_new: int = 16
    held_out_every: int = 8
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
    """Those of them whose queue may hold enough for an update, and whose last run did not fail."""
    return [user for user in people_with_adapter() if _is_due(user)]


def _is_due(user: Any) -> bool:
    own = TrainingRun.objects.personal(user.pk)
    if own.filter(state__in=run_services.ACTIVE_STATES).exists():
        return False
    since = timezone.now() - QUEUE.retry_after
    if own.filter(state=RunState.FAILED, finished_at__gte=since).exists():
        return False
    n_waiting = Interaction.objects.visible_to(user).waiting().count()
    return n_waiting + new_replies(user).count() >= QUEUE.min_new


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
    """Update the person's adapter, or go on with the update that ``job`` was broken off in.

    The version before answers until the new one has passed its check, and afterwards where it
    has not. None where the queue does not hold enough.

    Raises
    ------
    TrainingFailed, InferenceError
        The run failed, or the engine is away; what is served has not changed.
    """
    run = _unfinished(user, job) or _begin(user, job)
    if run is None:
        return None
    if run.state in (RunState.QUEUED, RunState.TRAINING):
        run_execute(run, Portion(report, 0.0, 0.8))
    adapter = canary_check(run, Portion(report, 0.8, 1.0))
    _tidy(run)
    if adapter is not None and adapter.state == AdapterState.ACCEPTED:
        personal_serve(adapter)
    return run


def _unfinished(user: Any, job: Job | None) -> TrainingRun | None:
    active = TrainingRun.objects.personal(user.pk).filter(state__in=run_services.ACTIVE_STATES)
    return active.filter(job=job).first() if job is not None else None


def _begin(user: Any, job: Job | None) -> TrainingRun | None:
    queue_fill(user)
    waiting = Interaction.objects.visible_to(user).waiting()
    found = list(waiting.select_related("reply__conversation", "reply__tokens")[: QUEUE.max_new])
    rows = [(one, row) for one in found if (row := interaction_row(one))["follow_up"]]
    return run_begin(user, rows, job) if len(rows) >= QUEUE.min_new else None


def run_begin(
    user: Any, rows: list[tuple[Interaction, dict[str, Any]]], job: Job | None
) -> TrainingRun:
    """Make a run of these interactions, which are then no longer waiting."""
    base = run_services.torch_base(served_client().health())
    values = config_for(AdapterKind.HINDSIGHT, base)
    start = current_adapter(user, values)
    if start is not None:
        values |= StartingPoint(start, frozenset()).as_config()
    every = QUEUE.held_out_every
    validation = [row for index, (_, row) in enumerate(rows) if index % every == every - 1]
    train = [row for index, (_, row) in enumerate(rows) if index % every != every - 1]
    run = TrainingRun(
        cluster_name=NAME,
        owner=user,
        owner_key=user.pk,
        kind=AdapterKind.HINDSIGHT,
        job=job,
        config=values,
        seed=TrainingRun.objects.personal(user.pk).count(),
        base_model=base_model_name(),
        base_sha256=base.sha256,
        data_hash=rows_hash(train, validation),
        n_train=len(train),
        n_validation=len(validation),
    )
    run.folder = str(settings.DATA_DIR / "runs" / str(run.pk))
    folder = run_services.run_folder(run)
    folder.write("train.jsonl", dump_rows(train))
    folder.write("validation.jsonl", dump_rows(validation))
    folder.write("prompts.jsonl", dump_rows(canary_rows(validation)))
    folder.write_json("config.json", run_services.trainer_config(run, str(base.dir)))
    with transaction.atomic():
        run.full_clean()
        run.save()
        keys = [one.pk for one, _ in rows]
        Interaction.objects.filter(pk__in=keys).update(run=run)
        audit_record(actor=None, action="personal.run", subject=run, data={"n": len(rows)})
    return run


def current_adapter(user: Any, config: dict[str, Any]) -> Adapter | None:
    """The version that is served to the person, if a run with ``config`` can go on from it."""
    adapter = Adapter.objects.personal(user.pk).filter(state=AdapterState.SERVED).first()
    if adapter is None or not is_intact(adapter):
        return None
    fault = misfit(Path(adapter.path), config, AdapterKind.HINDSIGHT, adapter.base_sha256)
    return None if fault else adapter


def _tidy(run: TrainingRun) -> None:
    """Let go of what only an unfinished run needs; the adapter has a place of its own."""
    for name in ("state", "checkpoints"):
        shutil.rmtree(Path(run.folder, name), ignore_errors=True)
