"""A pass that is broken off, or meets a cluster that may not be served, loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.services.routes import route_table_active
from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.training.conftest import make_material
from training.models import Adapter, AdapterState, RunState, TrainingRun
from training.services import learning
from training.services.pass_promotion import left_over
from training.services.runs import run_create, run_set_state
from training.services.withdrawal import consent_sync
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.usefixtures("torch_base", "scripted")
Make = Callable[..., Adapter]
Train = Callable[[str], None]


@pytest.fixture
def clusters(ready_cluster: Cluster) -> list[Cluster]:
    """Two clusters that can be trained, in the order in which a pass comes to them."""
    make_material(ClusterFactory(name="Tips"))
    return list(Cluster.objects.current())


@pytest.fixture
def on_training(monkeypatch: pytest.MonkeyPatch, make: Make) -> dict[str, Callable[[], None]]:
    """What happens when a cluster's turn comes, by its name; then it is accepted."""
    happens: dict[str, Callable[[], None]] = {}

    def train(cluster: Cluster, *_: Any, job: Any = None, **__: Any) -> list[TrainingRun]:
        happens.pop(cluster.name, lambda: None)()
        run = run_create(cluster, "expert", None, job=job)
        run_set_state(run, RunState.ACCEPTED)
        make(cluster, run=run)
        return [run]

    monkeypatch.setattr(learning, "STAGES", ())
    monkeypatch.setattr(learning, "cluster_train", train)
    return happens


def learn(**params: Any) -> None:
    job_run_now(kind="training.learn", params=params)


def fail() -> None:
    raise RuntimeError("The worker is gone.")


def served() -> set[str]:
    table = route_table_active()
    routes = table.routes.exclude(kind="base") if table else ()
    return {route.cluster_name for route in routes}


def test_the_next_pass_serves_what_the_broken_one_had_accepted(
    clusters: list[Cluster], on_training: dict[str, Callable[[], None]]
) -> None:
    first, second = clusters
    on_training[second.name] = fail
    with pytest.raises(RuntimeError):
        learn()
    assert served() == set()
    assert left_over(first) is not None
    learn()
    assert served() == {first.name, second.name}
    assert TrainingRun.objects.filter(cluster=first).count() == 1
    assert left_over(first) is None


def test_an_admin_who_wanted_to_look_first_is_not_passed_over(
    clusters: list[Cluster], on_training: dict[str, Callable[[], None]]
) -> None:
    learn(promote=False)
    learn()
    assert served() == set()


def test_what_was_rolled_back_or_withdrawn_is_not_served_again(
    clusters: list[Cluster], on_training: dict[str, Callable[[], None]]
) -> None:
    learn()
    Adapter.objects.filter(cluster=clusters[0]).update(state=AdapterState.ACCEPTED)
    assert left_over(clusters[0]) is None  # it was promoted once
    learn(promote=False)
    Adapter.objects.filter(cluster=clusters[1]).update(is_tainted=True)
    assert left_over(clusters[1]) is None


def test_a_cluster_that_is_excluded_meanwhile_holds_up_no_other(
    clusters: list[Cluster], on_training: dict[str, Callable[[], None]]
) -> None:
    first, second = clusters

    def exclude() -> None:
        Cluster.objects.filter(pk=first.pk).update(is_excluded=True)

    on_training[second.name] = exclude
    learn()
    assert served() == {second.name}


def test_what_learned_from_withdrawn_logs_is_made_anew(
    clusters: list[Cluster], on_training: dict[str, Callable[[], None]]
) -> None:
    learn()
    adapter = Adapter.objects.get(cluster=clusters[0])
    adapter.is_tainted = True
    adapter.save()
    consent_sync()
    assert served() == {clusters[1].name}
    learn()
    assert TrainingRun.objects.filter(cluster=clusters[0]).count() == 2
    assert TrainingRun.objects.filter(cluster=clusters[1]).count() == 1
    assert served() == {clusters[0].name, clusters[1].name}
