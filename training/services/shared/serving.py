"""Serving a version of the shared adapter: the swap, going back, taking it off."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat.models import SharedRoute
from chat.services.shared import shared_route_clear, shared_route_set
from training.models import Adapter, AdapterState, Interaction
from training.services.engine_adapters import unload_names
from training.services.personal.serving import USABLE
from training.services.publishing import adapter_load
from training.services.starting_points import is_tainted_start
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict


def served_version() -> Adapter | None:
    """The version that is served, if any."""
    return Adapter.objects.shared().filter(state=AdapterState.SERVED).first()


def shared_serve(adapter: Adapter, by: Any = None) -> SharedRoute:
    """Answer with this version from the next reply on; the engine has it before.

    Raises
    ------
    Conflict
        It is no shared adapter, did not pass its check, or somebody has withdrawn or deleted
        what it learned from.
    PromotionRefused, EngineUnreachable
        It cannot be loaded; the version before goes on.
    """
    _check(adapter)
    adapter_load(adapter)
    with transaction.atomic():
        before = SharedRoute.objects.select_for_update().first()
        _check(adapter)
        shared = Adapter.objects.shared()
        shared.filter(state=AdapterState.SERVED).update(state=AdapterState.RETIRED)
        shared.filter(pk=adapter.pk).update(state=AdapterState.SERVED)
        route = shared_route_set(
            adapter_id=adapter.pk,
            name=adapter.name,
            version=adapter.version,
            path=adapter.path,
        )
        data = {"version": adapter.version}
        audit_record(actor=by, action="shared.serve", subject=adapter, data=data)
    if before is not None and before.adapter_name != adapter.name:
        unload_names([before.adapter_name])
    return route


def _check(adapter: Adapter) -> None:
    found = Adapter.objects.shared().filter(pk=adapter.pk).first()
    if found is None or found.state not in USABLE:
        raise Conflict(_("This version did not pass its check, so it does not answer."))
    if found.is_tainted or is_tainted_start(found.run) or not is_whole(found):
        raise Conflict(_("Somebody has withdrawn or deleted what this version learned from."))


def is_whole(adapter: Adapter) -> bool:
    """Whether everything that its run learned is still there, and its people still agree.

    (What the versions before it learned is theirs to tell: they are flagged, and with them all
    that went on from them.)
    """
    run = adapter.run
    learned = Interaction.objects.agreed().filter(shared_run=run)
    return learned.count() == run.n_train + run.n_validation


def shared_take_off(by: Any = None) -> bool:
    """Answer with the base model again; whether anything was served."""
    route = SharedRoute.objects.first()
    if route is None:
        return False
    with transaction.atomic():
        adapter = served_version()
        shared_route_clear()
        if adapter is not None:
            Adapter.objects.filter(pk=adapter.pk).update(state=AdapterState.RETIRED)
            audit_record(actor=by, action="shared.take_off", subject=adapter)
    unload_names([route.adapter_name])
    return True
