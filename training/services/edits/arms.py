"""Publishing what the gate accepted: the newest adapter of each kind becomes an arm."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chat.models import ArmTable, ServedArm
from chat.services.arms import ArmSpec, arm_table_active, arms_drop, arms_publish, live_arms
from training.ml.config import EDIT_KINDS
from training.models import Adapter, AdapterKind, AdapterState
from training.services.engine_adapters import unload_names
from training.services.publishing import adapter_load
from training.services.shipping import shipping_tell
from uno_site.runtime.services import runtime_setting

USABLE = (AdapterState.ACCEPTED, AdapterState.SERVED)


def edit_adapters() -> list[Adapter]:
    """The newest accepted adapter of each kind; DPO's only where the admins want it.

    What was refused or tainted, or retired as an arm, never is among them.
    """
    found = []
    lost = ServedArm.objects.exclude(retired_at=None).exclude(adapter_id=None)
    for kind in EDIT_KINDS:
        if kind == AdapterKind.DPO and not runtime_setting("edit_dpo"):
            continue
        own = Adapter.objects.filter(kind=kind, owner_key=None, is_tainted=False, state__in=USABLE)
        own = own.exclude(pk__in=lost.values("adapter_id"))
        if (newest := own.order_by("-version").first()) is not None:
            found.append(newest)
    return found


def edit_arms_publish(by: Any = None, note: str = "") -> ArmTable | None:
    """Publish them as arms, if they are others than now; the engine has each before.

    Those whose edits they learned from are told.

    Raises
    ------
    PromotionRefused, EngineUnreachable
        One cannot be loaded; the arms of before go on.
    """
    adapters = edit_adapters()
    now = {arm.adapter_id for arm in live_arms() if not arm.is_base}
    if not adapters or not {adapter.pk for adapter in adapters} - now:
        return None
    for adapter in adapters:
        adapter_load(adapter)
    with transaction.atomic():
        before = arm_table_active()
        table = arms_publish(arms=[_spec(adapter) for adapter in adapters], note=note, by=by)
        keys = [adapter.pk for adapter in adapters]
        served = Adapter.objects.filter(kind__in=EDIT_KINDS, state=AdapterState.SERVED)
        served.exclude(pk__in=keys).update(state=AdapterState.RETIRED)
        Adapter.objects.filter(pk__in=keys).update(state=AdapterState.SERVED)
    shipping_tell([adapter for adapter in adapters if adapter.pk not in now])
    names = {adapter.name for adapter in adapters}
    gone = before.arms.exclude(adapter_name="") if before else ()
    unload_names([arm.adapter_name for arm in gone if arm.adapter_name not in names])
    return table


def _spec(adapter: Adapter) -> ArmSpec:
    return ArmSpec(
        label=str(adapter.get_kind_display()),
        adapter_id=adapter.pk,
        adapter_name=adapter.name,
        adapter_version=adapter.version,
        adapter_path=adapter.path,
    )


def tainted_arms_drop() -> int:
    """Retire the arms whose adapters learned from somebody who withdrew; how many."""
    tainted = Adapter.objects.filter(kind__in=EDIT_KINDS, is_tainted=True)
    keys = list(tainted.values_list("pk", flat=True))
    n_dropped = arms_drop(keys, "It learned from logs that were withdrawn.")
    tainted.filter(state=AdapterState.SERVED).update(state=AdapterState.RETIRED)
    if n_dropped:
        unload_names(tainted.values_list("name", flat=True))
    return n_dropped
