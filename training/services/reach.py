"""Routes are held against unrelated prompts before they are served, and narrowed if need be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _

from chat.models import RouteKind, RouteTable
from chat.router import UNSEEN
from chat.services.routes import RouteSpec
from curation.models import LogEntry
from training.errors import ReachRefused
from training.evaluation.strangers import load_strangers
from training.ml.reach import Reach, ReachConfig, Reaching, check_reach, narrow_reach
from uno_site.engine_clients import served_client
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import FloatArray

N_EXAMPLES = 3
"""So many of the prompts that a cluster takes stand in a refusal."""
CONFIG = ReachConfig()


@dataclass(slots=True)
class ReachGuard:
    """Keeps routes off the prompts that are nobody's.

    ``strangers`` [n, d] are their embeddings; None where the engine embeds nothing: then no
    query is routed either. ``is_wide_allowed`` leaves the clusters' reach as it is. ``told`` is
    what the audit trail says of it.
    """

    strangers: FloatArray | None
    is_wide_allowed: bool = False
    told: dict[str, Any] = field(default_factory=dict)

    def keep(self, specs: Sequence[RouteSpec]) -> list[RouteSpec]:
        """The routes as they may be served.

        Raises
        ------
        ReachRefused
            Clusters take too many strangers even when they are narrowed as far as allowed.
        """
        if self.strangers is None or not self._is_same_space(specs):
            return list(specs)
        # A cluster and its canary are one circle; the canary stands behind its cluster's route.
        circles = list({spec.cluster_id: spec for spec in specs}.values())
        routes = _reaching(circles)
        narrow = check_reach if self.is_wide_allowed else narrow_reach
        reach = narrow(routes, self.strangers, CONFIG)
        self.told = _told(circles, routes, reach, is_wide_allowed=self.is_wide_allowed)
        if not reach.is_enough and not self.is_wide_allowed:
            raise _refusal(circles, reach)
        narrowed = {
            spec.cluster_id: float(limit)
            for spec, route, limit in zip(circles, routes, reach.limits, strict=True)
            if limit != route.limit
        }
        return [
            replace(spec, distance_limit=narrowed.get(spec.cluster_id, spec.distance_limit))
            for spec in specs
        ]

    def _is_same_space(self, specs: Sequence[RouteSpec]) -> bool:
        """Whether the centroids were made by the embedder that is served now."""
        assert self.strangers is not None
        return all(_vector(spec).size == self.strangers.shape[1] for spec in specs)


def reach_guard(*, is_wide_allowed: bool = False) -> ReachGuard:
    """A guard with the strangers embedded by the served engine.

    Raises
    ------
    EngineUnreachable
        Nobody could embed them.
    """
    try:
        return ReachGuard(served_client().embed(load_strangers()), is_wide_allowed)
    except EngineRefused:
        return ReachGuard(None, is_wide_allowed)


def as_narrow_as(specs: Sequence[RouteSpec], table: RouteTable | None) -> list[RouteSpec]:
    """The routes with no more reach than ``table`` gives the same adapter."""
    known = {route.adapter_id: route for route in table.routes.all()} if table else {}
    return [_narrower(spec, known.get(spec.adapter_id)) for spec in specs]


def _narrower(spec: RouteSpec, route: Any) -> RouteSpec:
    if spec.adapter_id is None or route is None or route.distance_limit is None:
        return spec
    limit = min(_limit(spec), route.distance_limit)
    return replace(spec, distance_limit=limit)


def _vector(spec: RouteSpec) -> np.ndarray:
    if isinstance(spec.centroid, bytes):
        return np.frombuffer(spec.centroid, "<f4")
    return np.asarray(spec.centroid, np.float32)


def _limit(spec: RouteSpec) -> float:
    return float("inf") if spec.distance_limit is None else spec.distance_limit


def _reaching(specs: Sequence[RouteSpec]) -> list[Reaching]:
    own = _own_distances([spec.cluster_id for spec in specs if spec.kind != RouteKind.BASE])
    return [
        Reaching(
            _vector(spec),
            _limit(spec),
            spec.kind != RouteKind.BASE,
            np.array(own.get(spec.cluster_id, ()), dtype=np.float64),
        )
        for spec in specs
    ]


def _own_distances(clusters: Sequence[UUID]) -> Mapping[UUID, list[float]]:
    """How far the clusters' entries lie from their centroids."""
    rows = LogEntry.objects.usable().filter(cluster__in=clusters, cluster_distance__isnull=False)
    found: dict[UUID, list[float]] = defaultdict(list)
    for cluster_id, distance in rows.values_list("cluster_id", "cluster_distance"):
        found[cluster_id].append(distance)
    return found


def _told(
    specs: Sequence[RouteSpec], routes: Sequence[Reaching], reach: Reach, *, is_wide_allowed: bool
) -> dict[str, Any]:
    narrowed = {
        spec.cluster_name: {"reach": round(float(limit), 3), "kept": round(route.kept(limit), 3)}
        for spec, route, limit in zip(specs, routes, reach.limits, strict=True)
        if limit < route.limit
    }
    told: dict[str, Any] = {"strangers_to_base": round(reach.base_share, 3)}
    if narrowed:
        told["narrowed"] = narrowed
    if is_wide_allowed:
        told["is_wide_allowed"] = True
    return told


def _refusal(specs: Sequence[RouteSpec], reach: Reach) -> ReachRefused:
    texts, taken = [load_strangers()[row] for row in reach.strangers], reach.taken
    takers = [index for index in range(len(specs)) if (taken == index).any()]
    words = [_taker(specs[at].cluster_name, np.flatnonzero(taken == at), texts) for at in takers]
    return ReachRefused(
        _(
            "Of %(n)s prompts that have nothing to do with the clusters only %(n_left)s "
            "(%(share)s) would be left to the base model; %(min_share)s "
            "must. %(takers)s A narrower reach would leave out more than %(most)s of "
            "a cluster's own entries."
        )
        % {
            "n": len(taken),
            "n_left": int((taken == UNSEEN).sum()),
            "share": f"{reach.base_share:.0%}",
            "min_share": f"{CONFIG.min_base_share:.0%}",
            "takers": " ".join(words),
            "most": f"{1 - CONFIG.min_kept:.0%}",
        },
        remedy=_(
            "Cluster anew or exclude what does not belong there; where people do ask "
            "such things of the cluster, promote it all the same and say why."
        ),
        cluster_ids=[specs[index].cluster_id for index in takers],
    )


def _taker(name: str, rows: np.ndarray, texts: Sequence[str]) -> str:
    examples = ", ".join(f"“{texts[row]}”" for row in rows[:N_EXAMPLES])
    return _("%(name)s takes %(n)s, such as %(examples)s.") % {
        "name": name,
        "n": len(rows),
        "examples": examples,
    }
