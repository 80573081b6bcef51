"""Canaries: an adapter that first answers a share of its cluster's conversations.

The rest goes on as before. Which conversations are drawn is the chat's to know
(:func:`chat.route_choice.is_drawn`); to serve everybody, promote the adapter.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from training.errors import PromotionRefused
from training.models import Adapter, Promotion, PromotionAction
from uno_site.errors import Conflict, InvalidInput

from .promotion import check_reach_reason, routes_without
from .publishing import (
    adapter_cluster,
    adapter_load,
    check_promotable,
    publish,
    served_adapters,
    served_canaries,
)
from .reach import reach_guard
from .route_specs import Canary, current_routes

DEFAULT_PERCENT = 10


def canary_serve(
    adapter: Adapter, percent: int, by: Any, reason: str = "", *, is_wide_allowed: bool = False
) -> Promotion:
    """Serve ``adapter`` to ``percent`` (1 to 99) of its cluster's conversations.

    A canary that is there already gets the new share; who had it before keeps it when the
    share grows. Another adapter's canary of the cluster ends.

    Raises
    ------
    InvalidInput
        ``percent`` is out of range, or ``is_wide_allowed`` without a reason.
    PromotionRefused
        It is served to everybody, or :func:`training.services.promotion.promote` would refuse.
    ReachRefused
        Its cluster takes too much that has nothing to do with it.
    EngineUnreachable
        Nobody could try to load it.
    """
    _check_percent(percent)
    check_reach_reason(reason, is_wide_allowed=is_wide_allowed)
    check_promotable(adapter)
    cluster, served, canaries = adapter_cluster(adapter), served_adapters(), served_canaries()
    if served.get(cluster) == adapter:
        raise PromotionRefused(
            _("%(name)s is served to everybody.") % {"name": adapter.name},
            remedy=_("Take it off first."),
        )
    adapter_load(adapter)
    before = canaries.get(cluster)
    is_known = before is not None and before.adapter == adapter
    guard = reach_guard(is_wide_allowed=is_wide_allowed)
    return publish(
        lambda: guard.keep(
            current_routes(
                served_adapters(), served_canaries() | {cluster: Canary(adapter, percent)}
            )
        ),
        action=PromotionAction.SHARE if is_known else PromotionAction.CANARY,
        by=by,
        reason=reason or _words(adapter, percent, before.percent if is_known and before else None),
        adapters=[adapter],
        guard=guard,
        told={"adapter": adapter.name, "canary_percent": percent},
    )


def canary_stop(adapter: Adapter, by: Any, reason: str = "") -> Promotion:
    """Roll a canary back: all its cluster's conversations go on as the rest did.

    Raises
    ------
    Conflict
        It is no canary.
    """
    if adapter.pk not in {canary.adapter.pk for canary in served_canaries().values()}:
        raise Conflict(
            _("%(name)s is no canary.") % {"name": adapter.name},
            remedy=_("There is nothing to roll back."),
        )
    return publish(
        lambda: routes_without([adapter.pk]),
        action=PromotionAction.STOP,
        by=by,
        reason=reason or f"Rolled back the canary {adapter.name}",
        adapters=[adapter],
        told={"adapter": adapter.name},
    )


def _check_percent(percent: int) -> None:
    if not 1 <= percent <= 99:
        raise InvalidInput(
            _("A canary cannot answer %(percent)s %% of the conversations.") % {"percent": percent},
            remedy=_("Give a share of 1 to 99 percent; for all of them, promote the adapter."),
        )


def _words(adapter: Adapter, percent: int, before: int | None) -> str:
    if before is None:
        return f"{adapter.name} answers {percent} % of its cluster's conversations"
    return f"{adapter.name}: from {before} % to {percent} % of the conversations"
