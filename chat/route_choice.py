"""Which published route a query belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chat.models import RouteKind, RouteTable, ServedRoute
from chat.router import UNSEEN, Router


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """The route of one query; ``route`` is None when the base model answers for want of one.

    ``distance`` and ``limit`` belong to the nearest cluster, also when it does not reach
    the query. ``reason`` is explained at :class:`~chat.provenance.Provenance`.
    """

    route: ServedRoute | None
    distance: float | None
    kind: str
    reason: str
    limit: float | None = None
    table_version: int | None = None
    nearest: ServedRoute | None = None


def choose_route(query_embedding: Any, table: RouteTable | None) -> RouteChoice:
    """The route whose centroid is nearest to the query, if it reaches that far.

    Parameters
    ----------
    query_embedding
        [d] embedding of the last user message.
    table
        The published routes; None answers with the base model.
    """
    routes = list(table.routes.all()) if table is not None else []
    version = table.version if table is not None else None
    if not routes:
        return RouteChoice(None, None, RouteKind.BASE, "no_routes", table_version=version)
    router = Router(
        np.stack([route.centroid_vector for route in routes]),
        [str(route.pk) for route in routes],
        [route.distance_limit for route in routes],
    )
    query = np.asarray(query_embedding, np.float32).reshape(-1)
    if query.size != router.centroids.shape[1]:
        return RouteChoice(None, None, RouteKind.BASE, "other_embedder", table_version=version)
    assigned = router.assign(query)
    index, distance = int(assigned.indices[0]), float(assigned.distances[0])
    if index == UNSEEN:
        return _unseen(query, router, routes, distance, version)
    route = routes[index]
    return RouteChoice(
        route, distance, route.kind, "nearest", route.distance_limit, version, nearest=route
    )


def _unseen(
    query: np.ndarray,
    router: Router,
    routes: Sequence[ServedRoute],
    distance: float,
    version: int | None,
) -> RouteChoice:
    """No route reaches the query; name the nearest one all the same."""
    anywhere = Router(router.centroids, router.route_ids)
    near = routes[int(anywhere.assign(query).indices[0])]
    return RouteChoice(
        None, distance, RouteKind.BASE, "unseen", near.distance_limit, version, nearest=near
    )
