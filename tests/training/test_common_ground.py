"""Experts begin from what all topics have in common: from whom it learns, and when it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.training.common import expert, make, shape
from tests.training.conftest import make_material
from training.ml.train import read_config
from training.models import Adapter, AdapterState, RunState, Split, TrainingExample, TrainingRun
from training.services import learning
from training.services.adapters import adapter_register
from training.services.common_ground import common_train
from training.services.execution import run_execute
from training.services.learn_options import LearnOptions
from training.services.learning import learn
from training.services.reporting import SilentReporter
from training.services.runs import run_create, run_folder
from training.services.starting_points import common_start
from training.services.verification import run_verify
from training.services.withdrawal import consent_sync
from uno_site.accounts.models import User
from uno_site.jobs.services import job_run_now
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.usefixtures("torch_base", "scripted", "trainer")


@pytest.fixture
def clusters(ready_cluster: Cluster) -> list[Cluster]:
    """Two clusters that can be trained, of ten entries each."""
    tips = ClusterFactory(name="Tips")
    make_material(tips)
    return [ready_cluster, tips]


def entries(run: TrainingRun, split: str) -> set[Any]:
    rows = TrainingExample.objects.filter(run=run, split=split)
    return set(rows.values_list("entry_key", flat=True))


def test_it_learns_what_the_clusters_own_runs_train_on(clusters: list[Cluster]) -> None:
    adapter = make(clusters, seed=3)
    assert (adapter.kind, adapter.cluster, adapter.state) == ("common", None, "candidate")
    assert (adapter.run.state, adapter.epoch) == (RunState.ACCEPTED, 2)
    own = [expert(cluster, seed=3) for cluster in clusters]
    for split in (Split.TRAIN, Split.VALIDATION):
        assert entries(adapter.run, split) == entries(own[0], split) | entries(own[1], split)


def test_what_a_cluster_holds_out_it_does_not_learn_in_another(clusters: list[Cluster]) -> None:
    asked = [entry.query for entry in clusters[0].entries.all()]
    make_material(clusters[1], 7)  # so that the two are split otherwise
    for entry, query in zip(clusters[1].entries.all(), asked, strict=False):
        entry.query = query
        entry.messages = [{"role": "user", "content": query}]
        entry.save()
    folder = run_folder(make(clusters).run)
    train, held_out = (
        {row["messages"][-1]["content"] for row in folder.read_rows(f"{name}.jsonl")}
        for name in ("train", "validation")
    )
    assert train
    assert not train & held_out


def test_the_trainer_takes_it_for_an_expert(clusters: list[Cluster]) -> None:
    run, config = read_config(run_folder(make(clusters).run).path)
    assert run["kind"] == "expert"
    assert config.init_from == ""


def test_one_topic_has_nothing_in_common(clusters: list[Cluster]) -> None:
    tips = clusters[1]
    for change in ({"is_noise": True}, {"is_noise": False, "is_excluded": True}):
        Cluster.objects.filter(pk=tips.pk).update(**change)
        tips.refresh_from_db()
        assert common_train(clusters, SilentReporter(), None) is None
    small = ClusterFactory(name="Haiku")
    make_material(small, 3)
    assert common_train([clusters[0], small], SilentReporter(), None) is None
    assert not TrainingRun.objects.exists()


def test_it_is_made_anew_when_most_of_it_is_new(clusters: list[Cluster]) -> None:
    first = make(clusters)
    assert make(clusters) == first
    make_material(clusters[0], 4)
    assert make(clusters) == first
    make_material(clusters[1], 20)
    second = make(clusters)
    assert (second.version, first.version) == (2, 1)


def test_a_new_expert_begins_from_it_and_is_asked_what_it_did_not_learn(
    clusters: list[Cluster],
) -> None:
    adapter = make(clusters)
    for cluster in clusters:
        run = expert(cluster)
        assert run.config["init_sha256"] == adapter.sha256
        assert run.n_validation == 5
        assert not entries(run, Split.VALIDATION) & entries(adapter.run, Split.TRAIN)


def test_more_is_held_out_than_of_an_expert_from_nothing(clusters: list[Cluster]) -> None:
    for cluster in clusters:
        make_material(cluster, 8)
    make(clusters)
    assert (expert(clusters[0]).n_train, expert(clusters[0]).n_validation) == (10, 8)
    alone = run_create(clusters[0], "expert", None)
    assert (alone.n_train, alone.n_validation) == (12, 6)


def test_a_critic_does_not(clusters: list[Cluster]) -> None:
    make(clusters)
    assert run_create(clusters[0], "critic", None, has_common_ground=True).config["init_from"] == ""


def test_a_served_expert_goes_before_it(clusters: list[Cluster]) -> None:
    make(clusters)
    run = expert(clusters[0])
    folder = run_folder(run)
    folder.write("checkpoints/epoch-1/adapter_model.safetensors", "weights")
    checkpoint = folder.path / "checkpoints/epoch-1"
    own = adapter_register(run, checkpoint=checkpoint, epoch=1, state=AdapterState.SERVED)
    shape(own)
    make_material(clusters[0], 5)
    assert expert(clusters[0]).config["init_sha256"] == own.sha256


def test_who_withdraws_taints_it_and_what_began_from_it(clusters: list[Cluster]) -> None:
    adapter = make(clusters)
    run = expert(clusters[0])
    entry = adapter.run.examples.filter(entry__cluster=clusters[1], split="train").first().entry
    entry.delete()
    consent_sync()
    adapter.refresh_from_db()
    run.refresh_from_db()
    assert adapter.is_tainted
    assert run.state == RunState.CANCELLED
    again = expert(clusters[0])
    assert again.config["init_from"] == ""


def test_a_pass_makes_it_before_the_clusters(
    clusters: list[Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "STAGES", ())
    learn(SilentReporter(), None, LearnOptions(promote=False, has_common_ground=True))
    kinds = list(TrainingRun.objects.order_by("created_at").values_list("kind", flat=True))
    assert kinds[0] == "common"
    assert set(kinds[1:]) == {"expert"}


def test_what_it_began_with_is_judged_before_its_epochs(clusters: list[Cluster]) -> None:
    make(clusters)
    started, alone = expert(clusters[0]), run_create(clusters[1], "expert", None, seed=5)
    for run in (started, alone):
        run_execute(run, SilentReporter())
    found = {}
    for run in (started, alone):
        verification = run_verify(run, SilentReporter())
        found[run.pk] = [row["epoch"] for row in verification.epochs]
    assert found == {started.pk: [0, 1, 2], alone.pk: [1, 2]}


def test_a_tainted_start_is_no_candidate(clusters: list[Cluster]) -> None:
    adapter, run = make(clusters), expert(clusters[0])
    assert common_start(run) == adapter
    Adapter.objects.filter(pk=adapter.pk).update(is_tainted=True)
    assert common_start(run) is None


def test_a_pass_goes_on_without_it(
    clusters: list[Cluster], monkeypatch: pytest.MonkeyPatch, trainer: Callable[..., None]
) -> None:
    monkeypatch.setattr(learning, "STAGES", ())
    trainer(error="The disk is full.")
    outcome = learn(SilentReporter(), None, LearnOptions(promote=False, has_common_ground=True))
    assert {row.cluster for row in outcome.clusters} == {"Letters", "Tips"}
    assert TrainingRun.objects.filter(kind="common", state=RunState.FAILED).count() == 1


def test_it_is_off_until_it_is_switched_on(
    clusters: list[Cluster], admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "STAGES", ())
    params = {"promote": False}
    job_run_now(kind="training.learn", params=params)
    assert not TrainingRun.objects.filter(kind="common").exists()
    runtime_settings_change(values={"common_ground": True}, by=admin)
    make_material(clusters[0], 3)
    job_run_now(kind="training.learn", params=params)
    assert TrainingRun.objects.filter(kind="common").count() == 1
