"""What the training screens read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from chat.models import RouteKind, RouteTable, ServedRoute
from chat.services.routes import route_table_active
from curation.models import Cluster
from training.expected_gain import Gain, expected_gain, past_runs
from training.ml.paths import PathOrder
from training.models import Adapter, AdapterState, Promotion, TrainingRun
from training.services.common_ground import MAX_NEWS, MIN_CLUSTERS
from training.services.paths import TRAINING_SHARE, known_paths
from training.services.readiness import Readiness, cluster_readiness
from training.services.runs import ACTIVE_STATES
from uno_site.runtime.services import runtime_setting


@dataclass(frozen=True, slots=True)
class ClusterCard:
    """One cluster on the dashboard."""

    cluster: Cluster
    n_entries: int
    readiness: Readiness
    gain: Gain | None
    route: ServedRoute | None
    runs: Sequence[TrainingRun]
    candidate: Adapter | None
    order: PathOrder

    @property
    def route_kind(self) -> str:
        """How queries of the cluster are answered now."""
        return self.route.kind if self.route else RouteKind.BASE

    @property
    def active_run(self) -> TrainingRun | None:
        """The run that waits or works."""
        return next((run for run in self.runs if run.state in ACTIVE_STATES), None)


def cluster_cards() -> list[ClusterCard]:
    """Every current cluster with its route, readiness and runs; those that can learn first."""
    routes = _active_routes()
    recent = TrainingRun.objects.select_related("verification", "job")
    clusters = Cluster.objects.current().prefetch_related(Prefetch("runs", queryset=recent))
    orders, past = known_paths(clusters), past_runs()
    cards = [
        ClusterCard(
            cluster=cluster,
            n_entries=cluster.entries.usable().count(),
            readiness=(ready := cluster_readiness(cluster)),
            gain=expected_gain(ready.n_pairs, past),
            route=routes.get(cluster.pk),
            runs=list(cluster.runs.all())[:3],
            candidate=_ready_adapter(cluster),
            order=orders[cluster.pk],
        )
        for cluster in clusters
    ]
    return sorted(cards, key=lambda card: (bool(card.readiness.blocked_because), -card.n_entries))


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass over everything new would train; ``n_ready`` clusters could be trained at all."""

    n_ready: int
    n_clusters: int
    n_new: int
    seconds: float


def next_pass(cards: Sequence[ClusterCard]) -> Pass:
    """The clusters that are ready and have pairs which no run has seen, and how long they take.

    Where most pairs are new, common ground is made anew before them if it is switched on.
    """
    ready = [card.readiness for card in cards if card.readiness.is_ready]
    new = [one for one in ready if one.n_new]
    n_new = sum(one.n_new for one in new)
    seconds = sum(one.seconds for one in new)
    is_common = runtime_setting("common_ground") and len(ready) >= MIN_CLUSTERS
    if is_common and n_new > MAX_NEWS * sum(one.n_pairs for one in ready):
        seconds += TRAINING_SHARE * sum(one.seconds for one in ready)
    return Pass(len(ready), len(new), n_new, seconds)


def _active_routes() -> dict[UUID, ServedRoute]:
    table = route_table_active()
    return {route.cluster_id: route for route in table.routes.settled()} if table else {}


def _ready_adapter(cluster: Cluster) -> Adapter | None:
    """The newest accepted adapter that is not served yet."""
    accepted = Adapter.objects.filter(
        cluster=cluster, state=AdapterState.ACCEPTED, is_tainted=False
    )
    return accepted.first()


def run_list(user: Any, *, state: str = "", cluster: str = "") -> QuerySet[TrainingRun]:
    """Runs that ``user`` may see, newest first."""
    runs = TrainingRun.objects.visible_to(user).select_related("cluster", "verification", "job")
    if state:
        runs = runs.filter(state=state)
    return runs.filter(cluster_id=cluster) if cluster else runs


def adapter_list(user: Any, *, state: str = "") -> QuerySet[Adapter]:
    """Adapters that ``user`` may see, newest first; ``state`` may be "tainted" too."""
    adapters = Adapter.objects.visible_to(user).select_related("cluster", "run")
    if state == "tainted":
        return adapters.filter(is_tainted=True)
    return adapters.filter(state=state) if state else adapters


def promotion_history(limit: int = 50) -> QuerySet[Promotion]:
    """The latest publications, newest first."""
    related = ("table", "previous_table", "restored_table", "by")
    return Promotion.objects.select_related(*related).prefetch_related("adapters")[:limit]


def table_routes(table: RouteTable | None) -> list[ServedRoute]:
    """A table's routes: experts and critics first, then the base model's; canaries after theirs."""
    if table is None:
        return []
    routes = list(table.routes.all())
    adapted = {route.cluster_id for route in routes if route.kind != RouteKind.BASE}
    return sorted(
        routes,
        key=lambda route: (
            route.cluster_id not in adapted,
            route.cluster_name,
            route.canary_percent or 0,
        ),
    )
