"""The loop with parts left out: what its options change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat.services.routes import route_table_active
from curation.models import Cluster
from curation.services.uniting import clusters_unite
from curation.vectors import pack_vector
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.models import AdapterState, RunState, TrainingRun
from training.services import learning
from training.services.learn_options import LearnOptions
from training.services.learning import learn
from training.services.path_choice import PathChoice, Paths
from training.services.reporting import SilentReporter
from training.services.runs import run_create
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.usefixtures("torch_base")


@pytest.fixture(autouse=True)
def curated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The curation steps have been done."""
    monkeypatch.setattr(learning, "STAGES", ())


def test_a_jobs_parameters_name_options() -> None:
    options = LearnOptions.from_params({"approve_all": True, "paths": "expert_only", "by": "x"})
    assert options == LearnOptions(approve_all=True, paths="expert_only")
    with pytest.raises(InvalidInput, match="is_verified is 'no'"):
        LearnOptions.from_params({"is_verified": "no"})


@pytest.mark.parametrize(
    ("choice", "high", "low"),
    [
        (PathChoice(), ("critic", "expert"), ("expert", "critic")),
        (PathChoice("expert_first"), ("expert", "critic"), ("expert", "critic")),
        (PathChoice("expert_only"), ("expert",), ("expert",)),
        (PathChoice(is_verified=False), ("expert",), ("expert",)),
    ],
)
def test_the_order_of_kinds(
    choice: PathChoice, high: tuple[str, ...], low: tuple[str, ...]
) -> None:
    assert choice.of(("critic", "expert")) == high
    assert choice.of(("expert", "critic")) == low


@pytest.mark.parametrize("paths", ["gap", "expert_first", "expert_only"])
def test_where_no_critic_can_help_none_is_tried(paths: Paths) -> None:
    assert PathChoice(paths).of(("expert",)) == ("expert",)


def test_without_verification_the_last_epoch_is_served(
    ready_cluster: Cluster, scripted: ScriptedClient, trainer: Any
) -> None:
    outcome = learn(SilentReporter(), None, LearnOptions(is_verified=False))
    run = TrainingRun.objects.get()
    assert run.state == RunState.ACCEPTED
    assert not hasattr(run, "verification")
    adapter = run.adapters.get()
    assert adapter.state == AdapterState.SERVED
    result = (Path(run.folder) / "result.json").read_text()
    assert f'"epoch": {adapter.epoch}' in result
    assert f'"epoch": {adapter.epoch + 1}' not in result
    assert outcome.table_version == route_table_active().version


def test_without_the_noise_filter_flagged_clusters_learn(
    db: None, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = ClusterFactory(name="Chatter", is_noise=True, noise_reasons=["edits disagree"])
    make_material(noisy)
    trained: list[str] = []
    monkeypatch.setattr(
        learning, "cluster_train", lambda cluster, *_, **__: trained.append(cluster.name) or []
    )
    learn(SilentReporter(), None)
    assert trained == []
    learn(SilentReporter(), None, LearnOptions(is_noise_filtered=False))
    assert trained == ["Chatter"]


def test_without_clustering_everything_is_one_cluster_that_reaches_everywhere(db: None) -> None:
    first, second = ClusterFactory(name="A"), ClusterFactory(name="B")
    for cluster, vector in ((first, [1.0, 0.0]), (second, [0.0, 1.0])):
        make_material(cluster, 4, query_embedding=pack_vector(vector))
    make_material(second, 1, is_excluded=True, query_embedding=pack_vector([1.0, 1.0]))
    assert clusters_unite() == 8
    united = Cluster.objects.current().get()
    assert united.entries.count() == 8
    assert united.distance_limit is None
    assert united.centroid_vector.tolist() == [0.5, 0.5]


def test_runs_on_the_same_material_share_a_folder(
    ready_cluster: Cluster, scripted: ScriptedClient
) -> None:
    one = run_create(ready_cluster, "expert", None, is_shared=True)
    again = run_create(ready_cluster, "expert", None, is_shared=True)
    assert one.pk != again.pk
    assert one.folder == again.folder
    others = [
        run_create(ready_cluster, "critic", None, is_shared=True),
        run_create(ready_cluster, "expert", None, seed=1, is_shared=True),
        run_create(ready_cluster, "expert", None, config={"n_epochs": 1}, is_shared=True),
        run_create(ready_cluster, "expert", None),
    ]
    assert len({run.folder for run in [one, *others]}) == 5
