"""Publishing the routes that the chat serves. A published table is never changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from chat.models import Message, RouteKind, RouteTable, ServedRoute
from chat.route_choice import allowed_levels
from uno_site.engine_clients import adapter_source
from uno_site.errors import Conflict, InvalidInput
from uno_site.runtime.services import runtime_setting


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One cluster's route, as it shall be published; the fields of :class:`ServedRoute`.

    ``centroid`` is float32 little-endian in query space, as bytes or as an array [d];
    ``distance_limit`` is a Euclidean distance, None for a route that reaches everywhere.
    ``canary_percent`` makes it a second route, beside the cluster's own, for that share.
    """

    cluster_id: UUID
    cluster_name: str
    kind: str
    centroid: bytes | np.ndarray
    distance_limit: float | None = None
    adapter_id: UUID | None = None
    adapter_name: str = ""
    adapter_version: int | None = None
    adapter_path: str = ""
    rules: Sequence[str] = ()
    canary_percent: int | None = None


def route_table_active() -> RouteTable | None:
    """The table that is served, or None before anything was published."""
    return RouteTable.objects.filter(is_active=True).first()


def answering_levels() -> frozenset[str]:
    """The levels that may answer before the base, as the admins set them."""
    return allowed_levels(
        runtime_setting("answering_level"),
        has_clusters=runtime_setting("cluster_routes"),
        has_arms=runtime_setting("edit_arms"),
    )


@adapter_source
def route_adapters() -> dict[str, str]:
    """The adapters of the served routes, name to path: what every engine should have loaded."""
    routes = ServedRoute.objects.filter(table__is_active=True).exclude(adapter_name="")
    return dict(routes.values_list("adapter_name", "adapter_path"))


def route_specs(table: RouteTable) -> list[RouteSpec]:
    """The content of a table, ready to be published again."""
    names = [field.name for field in fields(RouteSpec)]
    return [
        RouteSpec(**{name: getattr(route, name) for name in names}) for route in table.routes.all()
    ]


def route_rules() -> set[str]:
    """Every rule that a published table, served or older, says one of its routes has learned."""
    named = ServedRoute.objects.exclude(rules=[]).order_by().values_list("rules", flat=True)
    return {text for rules in named for text in rules}


@transaction.atomic
def route_rules_forget(texts: Collection[str]) -> int:
    """Take rules out of every published table, and out of the replies that name them.

    The one thing that is changed in a published table: these are people's words, and they took
    them back. How many routes named one.
    """
    gone, n_routes = set(texts), 0
    for route in ServedRoute.objects.exclude(rules=[]).only("rules"):
        if gone.isdisjoint(route.rules):
            continue
        n_routes += 1
        route.rules = [text for text in route.rules if text not in gone]
        route.save(update_fields=["rules"])
        _replies_forget(route, gone)
    return n_routes


def _replies_forget(route: ServedRoute, gone: set[str]) -> None:
    for reply in route.messages.only("provenance").iterator(chunk_size=500):
        rules = reply.provenance.get("rules", [])
        if not gone.isdisjoint(rules):
            kept = [text for text in rules if text not in gone]
            # By a query: nothing was said anew, so the reply is not to be looked at again.
            provenance = reply.provenance | {"rules": kept}
            Message.objects.filter(pk=reply.pk).update(provenance=provenance)


def is_published(routes: Sequence[RouteSpec], table: RouteTable) -> bool:
    """Whether ``table`` holds just these routes."""
    return {_content(spec) for spec in routes} == {_content(spec) for spec in route_specs(table)}


def _content(spec: RouteSpec) -> tuple[Any, ...]:
    values = asdict(spec) | {
        "centroid": _centroid_bytes(spec.centroid),
        "rules": tuple(spec.rules),
    }
    return tuple(values[field.name] for field in fields(RouteSpec))


def route_table_publish(*, routes: Sequence[RouteSpec], note: str, by: Any) -> RouteTable:
    """Publish ``routes`` as the next version and serve it; the version before stops serving.

    All or nothing: readers see the old table or the whole new one.

    Raises
    ------
    InvalidInput
        Two routes or two canaries of one cluster, a canary without a route beside it or with
        a share outside 1 to 99 %, an adapter route without its adapter, or centroids of
        different dimensions.
    Conflict
        Somebody else published at the same moment.
    """
    _check(routes)
    try:
        with transaction.atomic():
            return _publish(routes, note, by)
    except IntegrityError as error:
        raise Conflict(
            _("Somebody else published routes at the same moment."),
            remedy=_("Look, then try again."),
        ) from error


def _publish(routes: Sequence[RouteSpec], note: str, by: Any) -> RouteTable:
    latest = RouteTable.objects.aggregate(latest=Max("version"))["latest"] or 0
    RouteTable.objects.filter(is_active=True).update(is_active=False)
    table = RouteTable.objects.create(
        version=latest + 1,
        is_active=True,
        note=note[:300],
        published_by=by if getattr(by, "pk", None) else None,
    )
    ServedRoute.objects.bulk_create(_served_route(table, spec) for spec in routes)
    return table


def _served_route(table: RouteTable, spec: RouteSpec) -> ServedRoute:
    values = asdict(spec)
    values["centroid"] = _centroid_bytes(spec.centroid)
    values["rules"] = list(spec.rules)
    return ServedRoute(table=table, **values)


def _centroid_bytes(centroid: bytes | np.ndarray) -> bytes:
    if isinstance(centroid, np.ndarray):
        return centroid.astype("<f4").tobytes()
    return bytes(centroid)


def _check(routes: Sequence[RouteSpec]) -> None:
    _check_canaries(routes)
    if len({len(_centroid_bytes(spec.centroid)) for spec in routes}) > 1:
        raise InvalidInput(
            _("The centroids have different dimensions, so they come from different embedders."),
            remedy=_("Cluster again with one embedder before publishing."),
        )
    for spec in routes:
        if spec.kind not in RouteKind.values:
            raise InvalidInput(
                _("%(kind)s is no route.") % {"kind": f"{spec.kind!r}"},
                remedy=f"Use {RouteKind.values}.",
            )
        if spec.kind != RouteKind.BASE and not spec.adapter_name:
            raise InvalidInput(
                _("The %(kind)s route of %(cluster_name)s names no adapter.")
                % {"kind": spec.kind, "cluster_name": f"{spec.cluster_name!r}"},
                remedy=_("Name the adapter, or publish the base route."),
            )


def _check_canaries(routes: Sequence[RouteSpec]) -> None:
    """Each cluster has one route of its own, and one canary at most."""
    settled = [spec.cluster_id for spec in routes if spec.canary_percent is None]
    canaries = [spec.cluster_id for spec in routes if spec.canary_percent is not None]
    if len(set(settled)) < len(settled) or len(set(canaries)) < len(canaries):
        raise InvalidInput(
            _("A cluster has two routes."), remedy=_("Give each cluster exactly one route.")
        )
    if not set(canaries) <= set(settled):
        raise InvalidInput(
            _("A canary stands alone."),
            remedy=_("Give its cluster a route for the other conversations."),
        )
    shares = [spec.canary_percent for spec in routes if spec.canary_percent is not None]
    if any(not 1 <= share <= 99 for share in shares):
        raise InvalidInput(
            _("A canary answers 1 to 99 percent of a cluster's conversations."),
            remedy=_("For all of them, promote the adapter."),
        )
