"""Forgetting: what a person deletes or withdraws goes out of their adapter, files included."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet

from chat.models import PersonalRoute
from chat.services.personal import personal_route_clear
from training.models import Adapter, AdapterState, Interaction, TrainingRun
from training.services.engine_adapters import unload_names
from training.services.run_control import run_cancel
from training.services.runs import ACTIVE_STATES
from uno_site.audit.services import audit_record
from uno_site.errors import UnoError

from .serving import personal_serve


def personal_forget(owner_key: UUID, by: Any = None) -> dict[str, int]:
    """Delete a person's adapter in all versions, their queue, and the runs; how many of each.

    A run that is at work is asked to stop; its folder goes with the next :func:`personal_sync`.
    """
    personal_route_clear(owner_key)
    totals = {"n_adapters": _delete_adapters(Adapter.objects.personal(owner_key))}
    totals["n_interactions"] = Interaction.objects.filter(user=owner_key).delete()[0]
    totals["n_runs"] = _delete_runs(TrainingRun.objects.personal(owner_key))
    audit_record(
        actor=by,
        action="personal.forget",
        subject=get_user_model()(pk=owner_key),  # whose row may be gone
        data=totals,
    )
    return totals


def orphaned_keys() -> set[UUID]:
    """Owners of personal adapters, queues or runs who withdrew consent, or are gone."""
    agreeing = get_user_model().objects.filter(training_consent=True)
    found = set(Interaction.objects.exclude(user__in=agreeing).values_list("user", flat=True))
    found |= set(PersonalRoute.objects.exclude(user__in=agreeing).values_list("user", flat=True))
    keys = agreeing.values("pk")
    for model in (Adapter, TrainingRun):
        owned = model.objects.exclude(owner_key=None).exclude(owner_key__in=keys)
        found |= set(owned.values_list("owner_key", flat=True))
    return found


def gone_interactions() -> QuerySet[Interaction]:
    """Interactions whose reply was deleted or taken out of the learning, or of which what was
    said was taken back."""
    return Interaction.objects.gone()


def empty_runs() -> QuerySet[TrainingRun]:
    """Personal runs that are over, and of whose interactions none is left.

    One may have a version even so: what it learned was deleted while it was checked.
    """
    learned = Interaction.objects.filter(run=OuterRef("pk"))
    owned = TrainingRun.objects.exclude(owner_key=None)
    return owned.exclude(state__in=ACTIVE_STATES).filter(~Q(Exists(learned)))


def has_to_forget() -> bool:
    """Whether :func:`personal_sync` has anything to do."""
    return gone_interactions().exists() or empty_runs().exists() or bool(orphaned_keys())


def personal_sync() -> dict[str, int]:
    """Follow every withdrawal and deletion; doing it twice changes nothing more."""
    totals = {"n_people": 0, "n_versions": 0, "n_runs": 0}
    for key in orphaned_keys():
        personal_forget(key)
        totals["n_people"] += 1
    for user_id in set(gone_interactions().values_list("user", flat=True)):
        totals["n_versions"] += _forget_gone(user_id)
    totals["n_versions"] += _delete_versions(empty_runs())
    totals["n_runs"] = _delete_runs(empty_runs())
    return totals


def _delete_versions(runs: QuerySet[TrainingRun]) -> int:
    """Delete what these runs made; whom one of them answered is answered by another, if any."""
    adapters = list(Adapter.objects.filter(run__in=runs))
    n_versions = _delete_adapters(adapters)
    for key in {adapter.owner_key for adapter in adapters if adapter.owner_key is not None}:
        _serve_newest(key)
    return n_versions


def _forget_gone(user_id: UUID) -> int:
    """Take a person's gone interactions out: every version since the first that learned from one
    goes, what else those had learned waits again, and the newest version left answers."""
    gone = gone_interactions().filter(user=user_id)
    first = TrainingRun.objects.filter(interactions__in=gone).order_by("created_at").first()
    n_versions = 0
    if first is not None:
        runs = TrainingRun.objects.personal(user_id).filter(created_at__gte=first.created_at)
        n_versions = _delete_adapters(Adapter.objects.filter(run__in=runs))
        Interaction.objects.filter(run__in=runs).update(run=None)
        _delete_runs(runs)
        _serve_newest(user_id)
    gone.delete()
    return n_versions


def _serve_newest(user_id: UUID) -> None:
    own = Adapter.objects.personal(user_id)
    if own.filter(state=AdapterState.SERVED).exists():
        return
    personal_route_clear(user_id)
    newest = own.filter(state=AdapterState.RETIRED).order_by("-version").first()
    if newest is not None:
        try:
            personal_serve(newest)
        except UnoError:  # the engine is away, or the owner switched it off: the base answers
            return


def _delete_adapters(adapters: Iterable[Adapter]) -> int:
    found = list(adapters)
    unload_names([adapter.name for adapter in found])
    for adapter in found:
        shutil.rmtree(Path(adapter.path), ignore_errors=True)
        adapter.delete()
    return len(found)


def _delete_runs(runs: Iterable[TrainingRun]) -> int:
    """Delete runs with their folders; one at work is asked to stop and stays until it has."""
    n_deleted = 0
    for run in list(runs):
        if run.state in ACTIVE_STATES and run.job is not None and run.job.is_active:
            run_cancel(run=run, by=None)
            continue
        shutil.rmtree(Path(run.folder), ignore_errors=True)
        run.delete()
        n_deleted += 1
    return n_deleted
