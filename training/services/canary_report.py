"""How a canary does against the rest of its cluster's conversations, by the users' thumbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from chat.models import Feedback, Message, RouteTable, ServedRoute
from training.evaluation.statistics import Estimate, rate_estimate
from training.models import Promotion, PromotionAction


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the comparison, since the canary began."""

    n_replies: int
    n_up: int
    n_down: int

    @property
    def ratio(self) -> Estimate | None:
        """The share of thumbs that are up, with Wilson's 95 % interval; None without any."""
        return rate_estimate(self.n_up, self.n_up + self.n_down)


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """A canary at work. ``since`` is when it began."""

    route: ServedRoute
    since: datetime
    canary: Arm
    rest: Arm

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` where the intervals lie apart; ``open`` until they do."""
        mine, others = self.canary.ratio, self.rest.ratio
        if mine and others and mine.low > others.high:
            return "better"
        if mine and others and mine.high < others.low:
            return "worse"
        return "open"


def canary_reports(table: RouteTable | None) -> list[CanaryReport]:
    """The canaries of the active table against the rest; four queries, however many there are."""
    routes = list(table.routes.canaries().select_related("table")) if table else []
    if not routes:
        return []
    since = _beginnings(routes)
    n_replies = _counted(Message.objects.filter(_shown_since(routes, since, "")), "")
    thumbs = Feedback.objects.filter(_shown_since(routes, since, "message__"))
    n_thumbs = _counted(thumbs, "message__", "thumb")

    def arm(route: ServedRoute, *, is_canary: bool) -> Arm:
        key = (route.cluster_id, is_canary)
        up, down = n_thumbs.get((*key, 1), 0), n_thumbs.get((*key, -1), 0)
        return Arm(n_replies.get(key, 0), up, down)

    return [
        CanaryReport(
            route, since[route.pk], arm(route, is_canary=True), arm(route, is_canary=False)
        )
        for route in routes
    ]


def _beginnings(routes: Sequence[ServedRoute]) -> dict[UUID, datetime]:
    """When each canary began, by its route."""
    begun = Promotion.objects.filter(
        action=PromotionAction.CANARY, adapters__in=[route.adapter_id for route in routes]
    )
    latest = dict(begun.values("adapters").annotate(at=Max("at")).values_list("adapters", "at"))
    return {route.pk: latest.get(route.adapter_id, route.table.created_at) for route in routes}


def _shown_since(routes: Sequence[ServedRoute], since: dict[UUID, datetime], prefix: str) -> Q:
    """Replies by a canary of ``routes`` or by the settled route beside it, since it began."""
    shown = Q()
    for route in routes:
        by = f"{prefix}served_route__"
        is_canary = Q(**{f"{by}adapter_id": route.adapter_id})
        is_settled = Q(**{f"{by}canary_percent": None})
        shown |= (is_canary | is_settled) & Q(
            **{f"{by}cluster_id": route.cluster_id, f"{prefix}created_at__gte": since[route.pk]}
        )
    return shown


def _counted(rows: QuerySet[Any], prefix: str, *others: str) -> dict[tuple[Any, ...], int]:
    """How many rows, by cluster, whether a canary answered, and ``others``."""
    by = f"{prefix}served_route__"
    names = (f"{by}cluster_id", f"{by}canary_percent", *others)
    counts: dict[tuple[Any, ...], int] = {}
    grouped = rows.order_by().values(*names).annotate(n=Count("pk"))
    for cluster, percent, *rest, n in grouped.values_list(*names, "n"):
        key = (cluster, percent is not None, *rest)
        counts[key] = counts.get(key, 0) + n
    return counts
