"""Which kinds are tried for a cluster, in which order, and when the trying ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import RouteKind
from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_run
from training.models import RunState, TrainingRun, Verification
from training.services import paths
from training.services.paths import cluster_train, path_of
from training.services.reporting import SilentReporter
from training.services.runs import run_set_state
from uno_site.jobs.models import Job, JobState


@pytest.fixture(autouse=True)
def critic_role(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says what the check of the critic role left standing; by default that critics help."""

    def use(strategy: str) -> None:
        monkeypatch.setattr(paths, "active_strategy", lambda role: strategy)

    use("trained_critic")
    return use


def test_no_critic_for_a_base_model_that_does_not_follow_suggestions(
    critic_role: Callable[[str], None],
) -> None:
    critic_role("expert_only")
    for gap_route in (RouteKind.EXPERT, RouteKind.CRITIC):
        assert path_of(Cluster(gap_route=gap_route)) == ("expert",)


@pytest.mark.parametrize(
    ("gap_route", "expected"),
    [
        (RouteKind.EXPERT, ("expert", "critic")),
        (RouteKind.CRITIC, ("critic", "expert")),
        ("", ("expert", "critic")),
    ],
)
def test_the_gap_says_which_path_comes_first(gap_route: str, expected: tuple[str, ...]) -> None:
    assert path_of(Cluster(gap_route=gap_route)) == expected


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch, data_dir: Any) -> Callable[..., list[str]]:
    """Replaces training and verification by given verdicts; tells which kinds were executed."""

    def use(gates: bool = True, **outcomes: bool) -> list[str]:
        executed: list[str] = []

        def create(cluster: Cluster, kind: str, by: Any, **_: Any) -> TrainingRun:
            return make_run(cluster, data_dir, kind=kind, job=_["job"])

        def execute(run: TrainingRun, report: Any) -> None:
            executed.append(run.kind)

        def verify(run: TrainingRun, report: Any) -> None:
            Verification.objects.create(
                run=run, judge="x", threshold=0.53, judge_check={"beats_chance": gates}
            )
            is_accepted = outcomes[run.kind]
            run_set_state(run, RunState.ACCEPTED if is_accepted else RunState.REFUSED)

        monkeypatch.setattr(paths, "run_create", create)
        monkeypatch.setattr(paths, "run_execute", execute)
        monkeypatch.setattr(paths, "run_verify", verify)
        return executed

    return use


def states(runs: list[TrainingRun]) -> list[tuple[str, str]]:
    return [(run.kind, run.state) for run in runs]


def test_an_accepted_expert_ends_it(db: None, verdicts: Callable[..., list[str]]) -> None:
    verdicts(expert=True, critic=True)
    runs = cluster_train(ClusterFactory(), SilentReporter(), None)
    assert states(runs) == [("expert", "accepted")]


def test_a_refused_expert_falls_to_the_critic(db: None, verdicts: Callable[..., list[str]]) -> None:
    verdicts(expert=False, critic=True)
    runs = cluster_train(ClusterFactory(), SilentReporter(), None)
    assert states(runs) == [("expert", "refused"), ("critic", "accepted")]


def test_a_high_gap_cluster_gets_an_expert_where_its_critic_fails(
    db: None, verdicts: Callable[..., list[str]]
) -> None:
    verdicts(expert=True, critic=False)
    runs = cluster_train(ClusterFactory(gap_route="critic"), SilentReporter(), None)
    assert states(runs) == [("critic", "refused"), ("expert", "accepted")]


def test_without_a_judge_no_second_path_is_tried(
    db: None, verdicts: Callable[..., list[str]]
) -> None:
    verdicts(gates=False, expert=False, critic=False)
    runs = cluster_train(ClusterFactory(), SilentReporter(), None)
    assert states(runs) == [("expert", "refused")]


def test_a_job_that_is_taken_up_again_goes_on_where_it_was(
    db: None, verdicts: Callable[..., list[str]]
) -> None:
    executed = verdicts(expert=False, critic=True)
    cluster = ClusterFactory()
    job = Job.objects.create(kind="training.run", state=JobState.RUNNING)
    cluster_train(cluster, SilentReporter(), None, job=job)
    again = cluster_train(cluster, SilentReporter(), None, job=job)
    assert states(again) == [("expert", "refused"), ("critic", "accepted")]
    assert executed == ["expert", "critic"]
    assert TrainingRun.objects.count() == 2


def test_one_kind_can_be_asked_for(
    db: None, verdicts: Callable[..., list[str]], scripted: ScriptedClient
) -> None:
    verdicts(critic=False)
    runs = cluster_train(ClusterFactory(), SilentReporter(), None, kinds=("critic",))
    assert states(runs) == [("critic", "refused")]
