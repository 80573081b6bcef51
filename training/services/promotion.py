"""Publishing what verification accepted: promotion, rollback, retirement (UNO §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from chat.models import RouteTable
from chat.services.routes import RouteSpec, route_table_active
from training.errors import PromotionRefused
from training.models import Adapter, Promotion, PromotionAction
from uno_site.errors import Conflict, InvalidInput

from .publishing import (
    adapter_cluster,
    adapter_load,
    check_promotable,
    publish,
    served_adapters,
    served_canaries,
)
from .reach import as_narrow_as, reach_guard
from .route_specs import current_routes, same_route
from .shipping import shipping_tell

T = TypeVar("T")


def promote(
    adapters: Sequence[Adapter], by: Any, reason: str = "", *, is_wide_allowed: bool = False
) -> Promotion:
    """Serve ``adapters``, each for its cluster; other clusters keep what they have.

    A canary of a cluster that gets an adapter ends with it, whichever adapter it was.

    Routes that would take prompts which have nothing to do with them are narrowed
    (:mod:`training.ml.reach`), in this publication and not in their clusters;
    ``is_wide_allowed`` leaves them their clusters' reach, and needs a reason.

    Raises
    ------
    ReachRefused
        Narrowing is not enough: a cluster takes too much that has nothing to do with it.
    PromotionRefused
        Not accepted by verification, tainted, of no current cluster, or not loadable
        (corrupt, of another base). The old table goes on serving.
    EngineUnreachable
        Nobody could try to load them.
    InvalidInput
        ``is_wide_allowed`` without a reason.
    """
    check_reach_reason(reason, is_wide_allowed=is_wide_allowed)
    if not adapters:
        raise PromotionRefused(
            _("There is nothing to promote."), remedy=_("Choose an accepted adapter.")
        )
    for adapter in adapters:
        check_promotable(adapter)
        adapter_load(adapter)
    names = ", ".join(adapter.name for adapter in adapters)
    promoted = {adapter_cluster(adapter): adapter for adapter in adapters}
    guard = reach_guard(is_wide_allowed=is_wide_allowed)
    promotion = publish(
        lambda: guard.keep(
            current_routes(served_adapters() | promoted, _without(served_canaries(), promoted))
        ),
        action=PromotionAction.PROMOTE,
        by=by,
        reason=reason or f"Promoted {names}",
        adapters=adapters,
        guard=guard,
    )
    shipping_tell(adapters)
    return promotion


def check_reach_reason(reason: str, *, is_wide_allowed: bool) -> None:
    """Refuse to leave routes a reach that is too wide without saying why.

    Raises
    ------
    InvalidInput
        There is no reason.
    """
    if is_wide_allowed and not reason.strip():
        raise InvalidInput(
            _("Routes that reach too far need a reason."), remedy=_("Say why they may be served.")
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
        raise Conflict(
            _("%(name)s is not served.") % {"name": adapter.name},
            remedy=_("There is nothing to take off."),
        )
    return promotion


def rollback(
    by: Any, to: RouteTable | None = None, reason: str = "", *, seen: RouteTable | None = None
) -> Promotion:
    """Publish anew what an older table held; by default the one before the active one.

    ``seen`` is the table that was served when ``by`` looked: going back from another one, as a
    second click would, is refused.

    Adapters that were tainted since then, or deleted, are left out: their clusters are
    answered by the base model. Before the first table there was the base model alone.

    Raises
    ------
    Conflict
        Nothing is served, so there is nothing to go back from; ``to`` is active, or ``seen``
        is not any more.
    PromotionRefused
        An adapter of the older table cannot be loaded any more.
    """
    active = route_table_active()
    if active is None:
        raise Conflict(
            _("No route table is published yet."), remedy=_("There is nothing to roll back.")
        )
    if seen is not None and seen.pk != active.pk:
        raise Conflict(
            _("Somebody else published routes at the same moment."),
            remedy=_("Look, then try again."),
        )
    if to is not None and to.pk == active.pk:
        raise Conflict(f"Version {active.version} is the one that is served.")
    target = to or _table_before(active)
    return publish(
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
    return publish(
        lambda: routes_without(gone),
        action=PromotionAction.RETIRE,
        by=by,
        reason=reason,
        adapters=adapters,
    )


def _table_before(active: RouteTable) -> RouteTable | None:
    """The table to go back to: rolling back twice goes back two steps."""
    promotion = Promotion.objects.filter(table=active).first()
    if promotion is not None and promotion.restored_table is not None:
        promotion = Promotion.objects.filter(table=promotion.restored_table).first()
    return promotion.previous_table if promotion else None


def _restored_routes(table: RouteTable) -> list[RouteSpec]:
    routes = list(table.routes.all())
    adapters = Adapter.objects.filter(is_tainted=False).in_bulk(
        [route.adapter_id for route in routes if route.adapter_id]
    )
    for adapter in adapters.values():
        adapter_load(adapter)
    return [
        same_route(route, adapters)
        for route in routes
        if route.canary_percent is None or route.adapter_id in adapters
    ]


def routes_without(gone: Sequence[UUID]) -> list[RouteSpec]:
    """What is served now but for some adapters; no route reaches farther than it does now."""
    served = {key: adapter for key, adapter in served_adapters().items() if adapter.pk not in gone}
    canaries = {
        key: canary for key, canary in served_canaries().items() if canary.adapter.pk not in gone
    }
    return as_narrow_as(current_routes(served, canaries), route_table_active())


def _without(found: Mapping[UUID, T], clusters: Mapping[UUID, Any]) -> dict[UUID, T]:
    return {cluster: value for cluster, value in found.items() if cluster not in clusters}
