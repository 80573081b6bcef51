"""Serving a version of a personal adapter to its owner: the swap, going back, letting go."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from chat.models import PersonalRoute
from chat.services.personal import personal_route_set
from training.models import Adapter, AdapterState, Interaction, TrainingRun
from training.services.engine_adapters import unload_names
from training.services.publishing import adapter_load
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict

#: Personal adapters that the engine may hold at a time; who comes back waits for a load.
MAX_LOADED = 24
#: What may be served again: versions that passed their check.
USABLE = (AdapterState.ACCEPTED, AdapterState.SERVED, AdapterState.RETIRED)


def personal_serve(adapter: Adapter) -> PersonalRoute:
    """Serve this version to its owner from the next reply on; the engine has it before.

    Raises
    ------
    Conflict
        It did not pass its check, or its owner has withdrawn or deleted what it learned from.
    PromotionRefused, EngineUnreachable
        It cannot be loaded; the version before goes on.
    """
    if adapter.owner_key is None or adapter.state not in USABLE:
        raise Conflict("This version did not pass its check, so it does not answer.")
    adapter_load(adapter)
    with transaction.atomic():
        user = get_user_model().objects.select_for_update().filter(pk=adapter.owner_key).first()
        _check_wanted(user, adapter)
        before = PersonalRoute.objects.filter(user=user).first()
        own = Adapter.objects.personal(adapter.owner_key)
        own.filter(state=AdapterState.SERVED).update(state=AdapterState.RETIRED)
        own.filter(pk=adapter.pk).update(state=AdapterState.SERVED)
        route = personal_route_set(
            user=user,
            adapter_id=adapter.pk,
            name=adapter.name,
            version=adapter.version,
            path=adapter.path,
        )
        data = {"version": adapter.version}
        audit_record(actor=user, action="personal.serve", subject=adapter, data=data)
    if before is not None and before.adapter_name != adapter.name:
        unload_names([before.adapter_name])
    return route


def _check_wanted(user: Any, adapter: Adapter) -> None:
    """Between training and swap its owner may have changed their mind."""
    run = TrainingRun.objects.filter(adapters=adapter).first()
    learned = Interaction.objects.filter(run=run)
    is_whole = run is not None and learned.count() == run.n_train + run.n_validation
    has_agreed = user is not None and user.training_consent
    if not (has_agreed and is_whole) or learned.gone().exists():
        raise Conflict("What this version learned from was withdrawn or deleted.")


def idle_routes() -> list[PersonalRoute]:
    """The personal routes that were not used for longest, beyond what the engine shall hold."""
    used = PersonalRoute.objects.exclude(used_at=None).order_by("-used_at")
    return list(used[MAX_LOADED:])


def personal_unload_idle() -> int:
    """Have the engine let go of them; they are loaded again when their owner comes back."""
    idle = idle_routes()
    unload_names([route.adapter_name for route in idle])
    PersonalRoute.objects.filter(pk__in=[route.pk for route in idle]).update(used_at=None)
    return len(idle)
