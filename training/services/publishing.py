"""What promotion and canaries share: what may be served, loading it, and publishing routes.

Nothing here changes a table: each act loads what it will serve, then publishes a new table
with a route for every current cluster. Whatever fails before that leaves the old one serving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from chat.models import RouteTable
from chat.services.routes import (
    RouteSpec,
    is_published,
    route_table_active,
    route_table_publish,
)
from curation.models import Cluster
from training.errors import PromotionRefused
from training.models import CLUSTER_KINDS, SERVING_STATES, Adapter, AdapterState, Promotion
from uno_site.audit.services import audit_record
from uno_site.engine_clients import served_client
from uno_site.errors import Conflict
from uno_site.inference.errors import InferenceError

from .adapters import is_intact
from .engine_adapters import unload_quietly
from .reach import ReachGuard
from .route_specs import Canary

#: States from which an adapter may be promoted; refused and unverified ones never are.
PROMOTABLE = (AdapterState.ACCEPTED, AdapterState.RETIRED, *SERVING_STATES)


def served_adapters() -> dict[UUID, Adapter]:
    """The adapter that the active table serves for each cluster, tainted ones left out.

    A canary's adapter is not among them: most of its cluster's conversations go without it.
    """
    table = route_table_active()
    routes = list(table.routes.settled().exclude(adapter_id=None)) if table else []
    by_id = _untainted([route.adapter_id for route in routes])
    return {
        route.cluster_id: by_id[route.adapter_id] for route in routes if route.adapter_id in by_id
    }


def served_canaries() -> dict[UUID, Canary]:
    """The canary that the active table has for each cluster, tainted ones left out."""
    table = route_table_active()
    routes = list(table.routes.canaries()) if table else []
    by_id = _untainted([route.adapter_id for route in routes])
    return {
        route.cluster_id: Canary(by_id[route.adapter_id], route.canary_percent)
        for route in routes
        if route.adapter_id in by_id
    }


def _untainted(ids: Sequence[UUID]) -> dict[UUID, Adapter]:
    return Adapter.objects.filter(is_tainted=False).in_bulk(list(ids))


def adapter_cluster(adapter: Adapter) -> UUID:
    """The cluster that an adapter would serve.

    Raises
    ------
    PromotionRefused
        It is no longer there.
    """
    cluster = adapter.cluster
    if cluster is None or cluster.retired_at is not None:
        raise PromotionRefused(
            _("The cluster of %(name)s is no longer there.") % {"name": adapter.name},
            remedy=_("Train its successor."),
        )
    return cluster.pk


def check_promotable(adapter: Adapter) -> None:
    """Refuse what must not be served.

    Raises
    ------
    PromotionRefused
        Not accepted by verification, tainted, or its cluster is gone, excluded or noise.
    """
    adapter.refresh_from_db()
    cluster_id = adapter_cluster(adapter)
    if adapter.is_tainted:
        raise PromotionRefused(
            _("%(name)s learned from somebody who withdrew: %(taint_reason)s")
            % {"name": adapter.name, "taint_reason": adapter.taint_reason},
            remedy=_("Train the cluster again."),
        )
    if adapter.state not in PROMOTABLE:
        raise PromotionRefused(
            _("%(name)s has not passed verification (%(state)s).")
            % {"name": adapter.name, "state": adapter.get_state_display()},
            remedy=_("Only accepted adapters are served."),
        )
    if Cluster.objects.filter(pk=cluster_id, is_excluded=True).exists():
        raise PromotionRefused(
            _("The cluster of %(name)s is excluded.") % {"name": adapter.name},
            remedy=_("Include it again first."),
        )
    if Cluster.objects.filter(pk=cluster_id, is_noise=True).exists():
        raise PromotionRefused(
            _("The cluster of %(name)s is flagged as noise.") % {"name": adapter.name},
            remedy=_("Clear the flag first."),
        )


def adapter_load(adapter: Adapter) -> None:
    """Have the engine load an adapter before anything says that it is served.

    Raises
    ------
    PromotionRefused
        Its files are damaged, or the engine cannot load it.
    EngineUnreachable
        Nobody could try.
    """
    if not is_intact(adapter):
        raise PromotionRefused(
            _("The files of %(name)s are damaged or gone (%(path)s).")
            % {"name": adapter.name, "path": adapter.path},
            remedy=_("Train the cluster again; the routes that are served have not changed."),
        )
    try:
        served_client().load_adapter(adapter.name, adapter.path)
    except InferenceError as error:
        if error.status >= 500:
            raise
        raise PromotionRefused(
            _("The engine cannot load %(name)s: %(message)s")
            % {"name": adapter.name, "message": error.message},
            remedy=_("The routes that are served have not changed."),
        ) from error


def publish(
    make_routes: Callable[[], Sequence[RouteSpec]],
    *,
    action: str,
    by: Any,
    reason: str,
    adapters: Iterable[Adapter] = (),
    restored: RouteTable | None = None,
    guard: ReachGuard | None = None,
    told: dict[str, Any] | None = None,
) -> Promotion:
    """Publish, move the adapters' states, and write the record; all of it or nothing.

    The routes are made behind the lock on the active table, so that of two promotions at the
    same time neither loses the other's adapter. ``told`` goes into the audit trail.

    Raises
    ------
    Conflict
        Just these routes are served already: a second version of them would be what rolling
        back goes to. What an older table held is published all the same.
    """
    with transaction.atomic():
        previous = RouteTable.objects.select_for_update().filter(is_active=True).first()
        specs = make_routes()
        if previous is not None and restored is None and is_published(specs, previous):
            raise Conflict(
                _("These routes are served already (%(table)s).") % {"table": previous},
                remedy=_("There is nothing to change."),
            )
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
                **(guard.told if guard else {}),
                **(told or {}),
            },
        )
    unload_quietly(dropped)
    return promotion


def _move_states(specs: Sequence[RouteSpec]) -> list[Adapter]:
    """Mark what is served now, to all or to a share, and what no longer is; returns the latter."""
    served = [spec.adapter_id for spec in specs if spec.adapter_id and spec.canary_percent is None]
    tried = [spec.adapter_id for spec in specs if spec.adapter_id and spec.canary_percent]
    serving = Adapter.objects.filter(state__in=SERVING_STATES, kind__in=CLUSTER_KINDS)
    dropped = list(serving.exclude(pk__in=[*served, *tried]))
    for state, keys in (
        (AdapterState.RETIRED, [adapter.pk for adapter in dropped]),
        (AdapterState.CANARY, tried),
        (AdapterState.SERVED, served),
    ):
        Adapter.objects.filter(pk__in=keys).update(state=state)
    return dropped
