"""One pass of the loop: what is trained, what is not and why, what is promoted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.services.routes import route_table_active
from curation.models import Cluster, LogEntry
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.errors import TrainingFailed
from training.models import Adapter, AdapterState, RunState, TrainingRun
from training.services import learning
from training.services.learn_options import LearnOptions
from training.services.learning import learn
from training.services.reporting import SilentReporter
from training.services.runs import run_create, run_set_state
from uno_site.jobs.context import JobCancelled
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.usefixtures("torch_base")
Make = Callable[..., Adapter]


@pytest.fixture(autouse=True)
def curated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The curation steps have been done."""
    monkeypatch.setattr(learning, "STAGES", ())


@pytest.fixture
def accepting(monkeypatch: pytest.MonkeyPatch, make: Make) -> list[str]:
    """Training accepts every cluster at once; the names of those that were trained."""
    trained: list[str] = []

    def train(cluster: Cluster, *_: Any, **__: Any) -> list[TrainingRun]:
        trained.append(cluster.name)
        run = run_create(cluster, "expert", None)
        run_set_state(run, RunState.ACCEPTED)
        make(cluster, run=run)
        return [run]

    monkeypatch.setattr(learning, "cluster_train", train)
    return trained


def notes(outcome: Any) -> dict[str, str]:
    return {row.cluster: row.note for row in outcome.clusters}


def test_what_is_accepted_is_promoted_in_one_table(
    ready_cluster: Cluster, scripted: ScriptedClient, accepting: list[str]
) -> None:
    tips = ClusterFactory(name="Tips")
    make_material(tips, 11)
    outcome = learn(SilentReporter(), None)
    assert sorted(accepting) == ["Letters", "Tips"]
    assert outcome.table_version == 1
    assert len(outcome.promoted) == 2
    assert {r.kind for r in route_table_active().routes.all()} == {"expert"}
    assert {row.route for row in outcome.clusters} == {"expert"}


def test_noise_excluded_and_small_clusters_are_left_with_the_reason(
    scripted: ScriptedClient, db: None, accepting: list[str]
) -> None:
    make_material(ClusterFactory(name="Chatter", is_noise=True, noise_reasons=["edits disagree"]))
    make_material(ClusterFactory(name="Secrets", is_excluded=True))
    make_material(ClusterFactory(name="Haiku"), 3)
    outcome = learn(SilentReporter(), None)
    assert accepting == []
    assert notes(outcome) == {
        "Chatter": "noise: edits disagree",
        "Secrets": "excluded by a curator",
        "Haiku": "3 of 10 approved prompts: too few to train",
    }
    assert route_table_active() is None


def test_a_second_pass_trains_nothing_anew(
    ready_cluster: Cluster, scripted: ScriptedClient, accepting: list[str]
) -> None:
    learn(SilentReporter(), None)
    outcome = learn(SilentReporter(), None)
    assert accepting == ["Letters"]
    assert notes(outcome) == {"Letters": "nothing new since its last run"}
    assert outcome.clusters[0].route == "expert"
    assert route_table_active().version == 1
    make_material(ready_cluster, 1)
    learn(SilentReporter(), None)
    assert accepting == ["Letters", "Letters"]


def test_one_failure_does_not_stop_the_others(
    ready_cluster: Cluster, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_material(ClusterFactory(name="Tips"), 11)

    def fail(cluster: Cluster, *_: Any, **__: Any) -> list[TrainingRun]:
        raise TrainingFailed(f"{cluster.name}: the disk is full.")

    monkeypatch.setattr(learning, "cluster_train", fail)
    outcome = learn(SilentReporter(), None)
    assert notes(outcome) == {
        "Letters": "Letters: the disk is full.",
        "Tips": "Tips: the disk is full.",
    }


def test_cancelling_ends_the_pass(
    ready_cluster: Cluster, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel(*_: Any, **__: Any) -> list[TrainingRun]:
        raise JobCancelled("The job was cancelled.")

    monkeypatch.setattr(learning, "cluster_train", cancel)
    with pytest.raises(JobCancelled):
        learn(SilentReporter(), None)


def test_promotion_can_be_left_to_an_admin(
    ready_cluster: Cluster, scripted: ScriptedClient, accepting: list[str]
) -> None:
    outcome = learn(SilentReporter(), None, LearnOptions(promote=False))
    assert (outcome.promoted, outcome.table_version) == ([], None)
    assert Adapter.objects.get().state == AdapterState.ACCEPTED


def test_nothing_is_promoted_that_was_refused(
    ready_cluster: Cluster, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(cluster: Cluster, *_: Any, **__: Any) -> list[TrainingRun]:
        run = run_create(cluster, "expert", None)
        run_set_state(run, RunState.REFUSED)
        return [run]

    monkeypatch.setattr(learning, "cluster_train", refuse)
    outcome = learn(SilentReporter(), None)
    assert notes(outcome) == {"Letters": "no path was accepted: the base model answers"}
    assert route_table_active() is None


def test_every_entry_is_accounted_for(
    ready_cluster: Cluster, scripted: ScriptedClient, accepting: list[str]
) -> None:
    make_material(ClusterFactory(name="Chatter", is_noise=True), 4)
    job = job_run_now(kind="training.learn", params={})
    account = job.result["entries"]
    assert account["n_entries"] == LogEntry.objects.count() == 14
    assert sum(account["outcomes"].values()) == 14
    assert account["outcomes"]["In a cluster of noise"] == 4


def test_approve_all_lets_unflagged_things_train(
    db: None, scripted: ScriptedClient, accepting: list[str]
) -> None:
    from curation.models import PreferencePair, ReviewState, Rule

    make_material(ClusterFactory(name="Letters"), 11)
    PreferencePair.objects.update(state=ReviewState.PROPOSED)
    flagged = PreferencePair.objects.first()
    flagged.flags = ["same_text"]
    flagged.save()
    Rule.objects.update(state=ReviewState.PROPOSED)
    learn(SilentReporter(), None)
    assert accepting == []
    learn(SilentReporter(), None, LearnOptions(approve_all=True))
    assert accepting == ["Letters"]
    flagged.refresh_from_db()
    assert flagged.state == ReviewState.PROPOSED
