"""Who answers a query. The one rule, from the first level to the last that can answer:

1. **personal**: the person's own adapter, where it is on;
2. **cluster**: the expert or critic of the nearest cluster that reaches the query (UNO §6);
3. **arm**: one of the policies that learned from everybody's edits, drawn for the conversation by
   what its replies cost to edit (arXiv 2601.19055, algorithm 1), a holdout of the base among them;
4. **shared**: the adapter that learned from everybody's follow-ups, where no arms are published;
5. **base**: the base model.

An admin may leave levels out, or have one alone before the base (:func:`allowed_levels`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chat.models import (
    PersonalRoute,
    RouteKind,
    RouteTable,
    ServedArm,
    ServedRoute,
    SharedRoute,
)
from chat.router import UNSEEN, Router

PERSONAL = "personal"
"""The kind of an answer by the person's own adapter; no kind of published route."""
SHARED = "shared"
"""The kind of an answer by the shared adapter, which stands in for the base model."""

CLUSTER = "cluster"
ARM = "arm"
"""The kind of an answer by an arm's adapter; the base as an arm has the base's kind."""

LEVELS = (PERSONAL, CLUSTER, ARM, SHARED)
"""Who is asked before the base, in this order."""


def allowed_levels(forced: str, *, has_clusters: bool, has_arms: bool) -> frozenset[str]:
    """The levels that may answer before the base.

    ``forced`` is "rule" (all of them), one of :data:`LEVELS` (that one alone), or "base" (none);
    ``has_clusters`` and ``has_arms`` leave a level out.
    """
    levels = LEVELS if forced == "rule" else tuple(name for name in LEVELS if name == forced)
    skipped = {CLUSTER: not has_clusters, ARM: not has_arms}
    return frozenset(name for name in levels if not skipped.get(name))


@dataclass(frozen=True, slots=True)
class ArmChoice:
    """The arm of a conversation, the probability in (0, 1] of its choice, and by whose costs:
    "user", "cluster" or "global", or "holdout"."""

    arm: ServedArm
    probability: float
    scope: str


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """The route of one query; ``route`` is None when the base model answers for want of one.

    ``distance`` and ``limit`` belong to the nearest cluster, also when it does not reach
    the query. ``reason`` is explained at :class:`~chat.provenance.Provenance`.
    ``canary`` is the cluster's canary where it has one: the route itself, or the one that the
    conversation was not drawn for. ``personal`` is the person's own adapter, where it answers;
    ``arm`` the conversation's arm, and ``shared`` everybody's adapter, where no level before did.
    """

    route: ServedRoute | None
    distance: float | None
    kind: str
    reason: str
    limit: float | None = None
    table_version: int | None = None
    nearest: ServedRoute | None = None
    canary: ServedRoute | None = None
    personal: PersonalRoute | None = None
    shared: SharedRoute | None = None
    arm: ArmChoice | None = None

    @property
    def probability(self) -> float:
        """With which probability this policy was chosen; 1 where nothing was drawn."""
        if self.arm is not None:
            return self.arm.probability
        if self.canary is None or self.canary.canary_percent is None:
            return 1.0
        share = self.canary.canary_percent / 100
        return share if self.is_canary else 1 - share

    @property
    def is_canary(self) -> bool:
        """Whether the conversation is among those that the canary answers."""
        return self.canary is not None and self.route is self.canary


def personal_choice(personal: PersonalRoute) -> RouteChoice:
    """The choice of a person's own adapter, whatever the query is about."""
    return RouteChoice(None, None, PERSONAL, "personal", personal=personal)


def choose_route(
    query_embedding: Any, table: RouteTable | None, conversation: str = ""
) -> RouteChoice:
    """The route whose centroid is nearest to the query, if it reaches that far.

    Parameters
    ----------
    query_embedding
        [d] embedding of the last user message.
    table
        The published routes; None answers with the base model.
    conversation
        What stands for the conversation in the draw between a canary and the rest
        (:func:`is_drawn`); without it no canary answers.
    """
    found = list(table.routes.all()) if table is not None else []
    routes = [route for route in found if route.canary_percent is None]
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
    settled = routes[index]
    canary = _canary_of(settled, found, distance)
    route = canary if canary is not None and is_drawn(canary, conversation) else settled
    return RouteChoice(
        route, distance, route.kind, "nearest", route.distance_limit, version, route, canary
    )


def is_drawn(canary: ServedRoute, conversation: str) -> bool:
    """Whether a conversation is among the share that ``canary`` answers.

    The draw is a hash of the adapter and the conversation: it stays the same from turn to
    turn, a larger share keeps whom a smaller one had, and each adapter draws anew.
    """
    if not conversation or canary.canary_percent is None:
        return False
    digest = hashlib.sha256(f"{canary.adapter_id}/{conversation}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < canary.canary_percent


def _canary_of(
    settled: ServedRoute, routes: Sequence[ServedRoute], distance: float
) -> ServedRoute | None:
    """The canary of a route's cluster, if it reaches the query."""
    for route in routes:
        if route.canary_percent is not None and route.cluster_id == settled.cluster_id:
            is_near = route.distance_limit is None or distance <= route.distance_limit
            return route if is_near else None
    return None


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
