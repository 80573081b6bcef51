"""The routes of a table to publish: made anew from the clusters, or as an older one had them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from chat.models import RouteKind, ServedRoute
from chat.services.routes import RouteSpec
from curation.models import Cluster, LogEntry, ReviewState
from curation.selectors import entry_rules
from training.models import Adapter

#: So many rules stand beside an answer to say what its route has learned.
N_ROUTE_RULES = 6


@dataclass(frozen=True, slots=True)
class Canary:
    """An adapter that answers ``percent`` (1 to 99) of its cluster's conversations first."""

    adapter: Adapter
    percent: int


def _route(cluster: Cluster, adapter: Adapter | None) -> RouteSpec:
    return RouteSpec(
        cluster_id=cluster.pk,
        cluster_name=cluster.name,
        kind=adapter.kind if adapter else RouteKind.BASE,
        centroid=bytes(cluster.centroid),
        distance_limit=cluster.distance_limit,
        adapter_id=adapter.pk if adapter else None,
        adapter_name=adapter.name if adapter else "",
        adapter_version=adapter.version if adapter else None,
        adapter_path=adapter.path if adapter else "",
        rules=cluster_rules(cluster) if adapter else [],
    )


def current_routes(
    chosen: Mapping[UUID, Adapter], canaries: Mapping[UUID, Canary] | None = None
) -> list[RouteSpec]:
    """A route for every current cluster, and its canary behind it where it has one.

    A cluster that is noise or excluded is the base model's.
    """
    specs: list[RouteSpec] = []
    for cluster in Cluster.objects.current():
        is_open = not (cluster.is_noise or cluster.is_excluded)
        specs.append(_route(cluster, chosen.get(cluster.pk) if is_open else None))
        canary = (canaries or {}).get(cluster.pk) if is_open else None
        if canary is not None:
            route = _route(cluster, canary.adapter)
            specs.append(replace(route, canary_percent=canary.percent))
    return specs


def cluster_rules(cluster: Cluster, limit: int = N_ROUTE_RULES) -> list[str]:
    """The approved rules that most of a cluster's entries share, most frequent first."""
    members = LogEntry.objects.usable().filter(cluster=cluster)
    rules = entry_rules(members, [ReviewState.APPROVED])
    counts = Counter(rule.text for shared in rules.values() for rule in shared)
    return [text for text, _ in counts.most_common(limit)]


def same_route(route: ServedRoute, adapters: Mapping[UUID, Adapter]) -> RouteSpec:
    """A route as it was; the base model's where its adapter is not among ``adapters`` any more."""
    is_whole = route.kind == RouteKind.BASE or route.adapter_id in adapters
    return RouteSpec(
        cluster_id=route.cluster_id,
        cluster_name=route.cluster_name,
        kind=route.kind if is_whole else RouteKind.BASE,
        centroid=bytes(route.centroid),
        distance_limit=route.distance_limit,
        adapter_id=route.adapter_id if is_whole else None,
        adapter_name=route.adapter_name if is_whole else "",
        adapter_version=route.adapter_version if is_whole else None,
        adapter_path=route.adapter_path if is_whole else "",
        rules=list(route.rules) if is_whole else [],
        canary_percent=route.canary_percent,
    )
