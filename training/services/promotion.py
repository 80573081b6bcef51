"""Publishing what verification accepted: promotion, rollback, retirement (UNO §6).

Nothing here changes a table: each act loads what it will serve, then publishes a new table
with a route for every current cluster. Whatever fails before that leaves the old one serving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from chat.models import RouteTable
from chat.services.routes import RouteSpec, route_table_active, route_table_publish
from curation.models import Cluster
from training.errors import PromotionRefused
from training.models import Adapter, AdapterState, Promotion, PromotionAction
from uno_site.audit.services import audit_record
from uno_site.engine_clients import served_client
from uno_site.errors import Conflict
from uno_site.inference.errors import InferenceError

from .adapters import is_intact
from .engine_adapters import unload_quietly
from .route_specs import current_routes, same_route

#: States from which an adapter may be promoted; refused and unverified ones never are.
PROMOTABLE = (AdapterState.ACCEPTED, AdapterState.SERVED, AdapterState.RETIRED)


def promote(adapters: Sequence[Adapter], by: Any, reason: str = "") -> Promotion:
    """Serve ``adapters``, each for its cluster; other clusters keep the route they have.

    Raises
    ------
    PromotionRefused
        Not accepted by verification, tainted, of no current cluster, or not loadable
        (corrupt, of another base). The old table goes on serving.
    EngineUnreachable
        Nobody could try to load them.
    """
    if not adapters:
        raise PromotionRefused("There is nothing to promote.", remedy="Choose an accepted adapter.")
    for adapter in adapters:
        _check_promotable(adapter)
        _load(adapter)
    names = ", ".join(adapter.name for adapter in adapters)
    promoted = {_cluster_id(adapter): adapter for adapter in adapters}
    return _publish(
        lambda: current_routes(served_adapters() | promoted),
        action=PromotionAction.PROMOTE,
        by=by,
        reason=reason or f"Promoted {names}",
        adapters=adapters,
    )


def retire(adapter: Adapter, by: Any, reason: str = "") -> Promotion:
    """Take a served adapter off: its cluster falls back to the base model.

    Raises
    ------
    Conflict
        It is not served.
    """
    promotion = take_off([adapter], by, reason or f"Retired {adapter.name}")
    if promotion is None:
        raise Conflict(f"{adapter.name} is not served.", remedy="There is nothing to take off.")
    return promotion


def rollback(by: Any, to: RouteTable | None = None, reason: str = "") -> Promotion:
    """Publish anew what an older table held; by default the one before the active one.

    Adapters that were tainted since then, or deleted, are left out: their clusters are
    answered by the base model. Before the first table there was the base model alone.

    Raises
    ------
    Conflict
        Nothing is served, so there is nothing to go back from; or ``to`` is active.
    PromotionRefused
        An adapter of the older table cannot be loaded any more.
    """
    active = route_table_active()
    if active is None:
        raise Conflict("No route table is published yet.", remedy="There is nothing to roll back.")
    if to is not None and to.pk == active.pk:
        raise Conflict(f"Version {active.version} is the one that is served.")
    target = to or _table_before(active)
    return _publish(
        lambda: _restored_routes(target) if target else current_routes({}),
        action=PromotionAction.ROLLBACK,
        by=by,
        reason=reason
        or f"Rolled back to {f'version {target.version}' if target else 'the base model'}",
        restored=target,
    )


def take_off(adapters: Sequence[Adapter], by: Any, reason: str) -> Promotion | None:
    """Publish a table without ``adapters``, if any of them is in the active one."""
    table = route_table_active()
    gone = [adapter.pk for adapter in adapters]
    if table is None or not table.routes.filter(adapter_id__in=gone).exists():
        return None
    return _publish(
        lambda: current_routes(_served_without(adapters)),
        action=PromotionAction.RETIRE,
        by=by,
        reason=reason,
        adapters=adapters,
    )


def served_adapters() -> dict[UUID, Adapter]:
    """The adapter that the active table serves for each cluster, tainted ones left out."""
    table = route_table_active()
    if table is None:
        return {}
    by_id = Adapter.objects.filter(is_tainted=False).in_bulk(
        list(table.routes.exclude(adapter_id=None).values_list("adapter_id", flat=True))
    )
    return {
        route.cluster_id: by_id[route.adapter_id]
        for route in table.routes.all()
        if route.adapter_id in by_id
    }


def _cluster_id(adapter: Adapter) -> UUID:
    cluster = adapter.cluster
    if cluster is None or cluster.retired_at is not None:
        raise PromotionRefused(
            f"The cluster of {adapter.name} is no longer there.", remedy="Train its successor."
        )
    return cluster.pk


def _check_promotable(adapter: Adapter) -> None:
    adapter.refresh_from_db()
    cluster_id = _cluster_id(adapter)
    if adapter.is_tainted:
        raise PromotionRefused(
            f"{adapter.name} learned from somebody who withdrew: {adapter.taint_reason}",
            remedy="Train the cluster again.",
        )
    if adapter.state not in PROMOTABLE:
        raise PromotionRefused(
            f"{adapter.name} has not passed verification ({adapter.get_state_display()}).",
            remedy="Only accepted adapters are served.",
        )
    if Cluster.objects.filter(pk=cluster_id, is_excluded=True).exists():
        raise PromotionRefused(
            f"The cluster of {adapter.name} is excluded.", remedy="Include it again first."
        )
    if Cluster.objects.filter(pk=cluster_id, is_noise=True).exists():
        raise PromotionRefused(
            f"The cluster of {adapter.name} is flagged as noise.", remedy="Clear the flag first."
        )


def _load(adapter: Adapter) -> None:
    """Have the engine load an adapter before anything says that it is served."""
    if not is_intact(adapter):
        raise PromotionRefused(
            f"The files of {adapter.name} are damaged or gone ({adapter.path}).",
            remedy="Train the cluster again; the routes that are served have not changed.",
        )
    try:
        served_client().load_adapter(adapter.name, adapter.path)
    except InferenceError as error:
        if error.status >= 500:
            raise
        raise PromotionRefused(
            f"The engine cannot load {adapter.name}: {error.message}",
            remedy="The routes that are served have not changed.",
        ) from error


def _table_before(active: RouteTable) -> RouteTable | None:
    """The table to go back to: rolling back twice goes back two steps."""
    promotion = Promotion.objects.filter(table=active).first()
    if promotion is not None and promotion.restored_table is not None:
        promotion = Promotion.objects.filter(table=promotion.restored_table).first()
    return promotion.previous_table if promotion else None


def _restored_routes(table: RouteTable) -> list[RouteSpec]:
    adapters = Adapter.objects.filter(is_tainted=False).in_bulk(
        [route.adapter_id for route in table.routes.all() if route.adapter_id]
    )
    for adapter in adapters.values():
        _load(adapter)
    return [same_route(route, adapters) for route in table.routes.all()]


def _served_without(adapters: Iterable[Adapter]) -> dict[UUID, Adapter]:
    gone = {adapter.pk for adapter in adapters}
    return {
        cluster: adapter for cluster, adapter in served_adapters().items() if adapter.pk not in gone
    }


def _publish(
    make_routes: Callable[[], Sequence[RouteSpec]],
    *,
    action: str,
    by: Any,
    reason: str,
    adapters: Iterable[Adapter] = (),
    restored: RouteTable | None = None,
) -> Promotion:
    """Publish, move the adapters' states, and write the record; all of it or nothing.

    The routes are made behind the lock on the active table, so that of two promotions at the
    same time neither loses the other's adapter.
    """
    with transaction.atomic():
        previous = RouteTable.objects.select_for_update().filter(is_active=True).first()
        specs = make_routes()
        table = route_table_publish(routes=specs, note=reason[:300], by=by)
        promotion = Promotion.objects.create(
            action=action,
            table=table,
            previous_table=previous,
            restored_table=restored,
            reason=reason[:300],
            by=by if getattr(by, "pk", None) else None,
        )
        promotion.adapters.set(adapters)
        dropped = _move_states(specs)
        audit_record(
            actor=by,
            action=f"routes.{action}",
            subject=table,
            data={
                "version": table.version,
                "previous": previous.version if previous else None,
                "reason": reason,
            },
        )
    unload_quietly(dropped)
    return promotion


def _move_states(specs: Sequence[RouteSpec]) -> list[Adapter]:
    """Mark what is served now and what no longer is; returns the latter."""
    serving = [spec.adapter_id for spec in specs if spec.adapter_id]
    dropped = list(Adapter.objects.filter(state=AdapterState.SERVED).exclude(pk__in=serving))
    Adapter.objects.filter(pk__in=[adapter.pk for adapter in dropped]).update(
        state=AdapterState.RETIRED
    )
    Adapter.objects.filter(pk__in=serving).update(state=AdapterState.SERVED)
    return dropped
