"""Which kinds are tried for a cluster, in which order, and when the trying ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from curation.models import Cluster, RoleBinding
from curation.services.policy import policy_update
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_run
from training.models import RunState, TrainingRun, Verification
from training.services import paths
from training.services.paths import cluster_train, path_of
from training.services.reporting import SilentReporter
from training.services.runs import run_set_state
from uno_site.accounts.models import User
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
    for gap in (0.1, 0.9):
        assert path_of(Cluster(gap=gap)).kinds == ("expert",)


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (0.4499, ("expert", "critic")),
        (0.45, ("critic", "expert")),
        (None, ("expert", "critic")),
    ],
)
def test_the_gap_says_which_path_comes_first(
    db: None, gap: float | None, expected: tuple[str, ...]
) -> None:
    assert path_of(Cluster(gap=gap)).kinds == expected


def verified(cluster: Cluster, data_dir: Any, kind: str, win_rate: float, n: int = 8) -> None:
    Verification.objects.create(
        run=make_run(cluster, data_dir, kind=kind),
        judge="reference",
        threshold=0.53,
        n_prompts=n,
        win_rate=win_rate,
    )


def test_by_evidence_the_path_that_won_comes_first(db: None, admin: User, data_dir: Any) -> None:
    cluster, alike, other = (ClusterFactory(gap=gap) for gap in (0.2, 0.25, 0.7))
    verified(cluster, data_dir, "expert", 0.25)
    order = path_of(cluster)
    assert (order.kinds, order.policy) == (("expert", "critic"), "paper")

    policy_update(values={"route_policy": "evidence"}, by=admin)
    order = path_of(cluster)
    assert (order.kinds, order.policy) == (("critic", "expert"), "evidence")
    # (2 + 2) / (4 + 8), the critic's ½ is the prior.
    assert [one.rate for one in order.evidence] == pytest.approx([0.5, 1 / 3])
    assert path_of(alike).kinds == ("critic", "expert")
    assert path_of(other).policy == "paper"


def test_the_page_tells_why(db: None, client: Any, curator: User) -> None:
    client.force_login(curator)
    cluster = ClusterFactory(gap=0.6)
    answer = client.get(reverse("training:cluster_path", args=[cluster.pk]))
    assert "The gap of 0.60 reaches 0.45, so the critic comes first." in answer.content.decode()
    part = client.get(
        reverse("training:cluster_path", args=[cluster.pk]), headers={"HX-Request": "true"}
    )
    assert "<html" not in part.content.decode()


def test_a_path_that_was_never_checked_is_told_as_such(
    db: None, client: Any, curator: User
) -> None:
    client.force_login(curator)
    url = reverse("training:cluster_path", args=[ClusterFactory(gap=0.6).pk])
    assert "Before the first run it is checked" in client.get(url).content.decode()
    RoleBinding.objects.filter(role="critic").update(checked_at=timezone.now())
    assert "Before the first run it is checked" not in client.get(url).content.decode()


def test_strangers_do_not_see_it(db: None, client: Any, alice: User) -> None:
    client.force_login(alice)
    url = reverse("training:cluster_path", args=[ClusterFactory().pk])
    assert client.get(url).status_code in (403, 404)


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
    runs = cluster_train(ClusterFactory(gap=0.6), SilentReporter(), None)
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
