"""A topic keeps the common ground that it began with, if the other topics' prompts speak for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from curation.models import Cluster
from curation.roles.judges import ReferenceJudge
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.common import expert, make
from tests.training.conftest import make_material
from training.models import Adapter, AdapterState, RunState, TrainingRun, Verification
from training.services import learning, verification
from training.services.common_evidence import may_keep_start, shown_elsewhere
from training.services.execution import run_execute
from training.services.gate import Gate
from training.services.learn_options import LearnOptions
from training.services.learning import learn
from training.services.reporting import SilentReporter
from training.services.runs import run_folder, run_set_state
from training.services.starting_points import runs_behind
from training.services.verification import run_verify
from training.services.withdrawal import consent_sync
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatRequest

pytestmark = pytest.mark.usefixtures("torch_base", "trainer")

LONG = "Dear Sir or Madam, about {} there is much to say, and then there is more."
WANTED = "Hi, ok, {}. Cheers, Ana"


@pytest.fixture(autouse=True)
def _gate(monkeypatch: pytest.MonkeyPatch, scripted: ScriptedClient) -> None:
    gate = Gate(ReferenceJudge(scripted), {"judge": "reference", "figure": 0.9})
    monkeypatch.setattr(verification, "current_gate", lambda cluster: gate)


@pytest.fixture
def clusters(ready_cluster: Cluster) -> list[Cluster]:
    """Four clusters of ten entries each; five prompts of each are held out."""
    others = [ClusterFactory(name=name) for name in ("Tips", "Recipes", "Plans")]
    for cluster in others:
        make_material(cluster)
    return [ready_cluster, *others]


def start_of(cluster: Cluster) -> TrainingRun:
    """A cluster's expert from common ground, trained and not verified."""
    run = expert(cluster)
    run_execute(run, SilentReporter())
    return run


def asked(run: TrainingRun) -> list[str]:
    rows = run_folder(run).read_rows("prompts.jsonl")
    return [row["messages"][-1]["content"] for row in rows]


def common_wins(scripted: ScriptedClient, but_on: Sequence[str] = ()) -> None:
    """The common ground answers as wanted, but for some queries; all else as the base does."""

    def reply(request: ChatRequest) -> str:
        query = request.messages[-1].content
        is_common = request.model.startswith("verify-") and request.model.endswith("-0")
        return (WANTED if is_common and query not in but_on else LONG).format(query)

    scripted.reply = reply


def verify(run: TrainingRun) -> Verification:
    return run_verify(run, SilentReporter())


def test_a_topic_with_one_lost_prompt_keeps_it_once_others_have_shown_what_it_can(
    clusters: list[Cluster], scripted: ScriptedClient
) -> None:
    common = make(clusters)
    runs = [start_of(cluster) for cluster in clusters]
    common_wins(scripted, but_on=asked(runs[0])[:1])
    alone = verify(runs[0])
    assert (alone.is_accepted, alone.win_rate) == (False, 0.9)  # the lost one is a tie
    for run in runs[1:]:
        assert verify(run).is_accepted
    assert sorted(score.n_wins for score in shown_elsewhere(runs[0])) == [5, 5, 5]

    assert may_keep_start(runs[0])
    scripted.requests.clear()
    found = verify(runs[0])
    assert (found.is_accepted, found.best_epoch, found.win_rate) == (True, 0, 0.9)
    assert "of all 4 topics that began with it, 20 together, its win rate is 0.97" in found.reason
    assert found.adapter.state == AdapterState.ACCEPTED
    assert found.adapter.cluster == clusters[0]
    assert found.adapter.sha256 == common.sha256
    assert scripted.requests == []  # nothing is asked a second time


@pytest.mark.parametrize("n_lost", [3, 5])
def test_a_topic_whose_own_prompts_speak_against_it_does_not(
    clusters: list[Cluster], scripted: ScriptedClient, n_lost: int
) -> None:
    make(clusters)
    runs = [start_of(cluster) for cluster in clusters]
    lost = asked(runs[0])[:n_lost]

    def reply(request: ChatRequest) -> str:
        query = request.messages[-1].content
        is_common = request.model.startswith("verify-") and request.model.endswith("-0")
        return (WANTED if is_common != (query in lost) else LONG).format(query)

    scripted.reply = reply
    for run in runs[1:]:
        verify(run)
    found = verify(runs[0])
    assert not found.is_accepted
    assert not may_keep_start(runs[0])


def test_an_unhealthy_one_is_not_kept(clusters: list[Cluster], scripted: ScriptedClient) -> None:
    make(clusters)
    runs = [start_of(cluster) for cluster in clusters]
    common_wins(scripted)
    for run in runs[1:]:
        verify(run)
    own = asked(runs[0])
    reply = scripted.reply

    def sick(request: ChatRequest) -> str:
        is_own = request.messages[-1].content in own and request.model.endswith("-0")
        return "Hi, ok. Cheers, Ana" if is_own else reply(request)

    scripted.reply = sick
    assert not verify(runs[0]).is_accepted
    assert not may_keep_start(runs[0])


def test_an_expert_from_nothing_has_nothing_to_keep(
    clusters: list[Cluster], scripted: ScriptedClient
) -> None:
    common_wins(scripted)
    run = start_of(clusters[0])
    assert not run.config["init_from"]
    assert not verify(run).is_accepted
    assert shown_elsewhere(run) == []
    assert not may_keep_start(run)


def test_only_a_clusters_newest_verification_speaks(
    clusters: list[Cluster], scripted: ScriptedClient
) -> None:
    make(clusters)
    first, other = start_of(clusters[0]), start_of(clusters[1])
    common_wins(scripted)
    verify(first)
    again = start_of(clusters[0])
    common_wins(scripted, but_on=asked(again))
    run_folder(again).write_json("answers/epoch-0.json", {})
    verify(again)
    assert [(score.n_wins, score.n_ties) for score in shown_elsewhere(other)] == [(0, 5)]


def test_a_pass_looks_once_more_at_who_was_refused_before_the_others_spoke(
    clusters: list[Cluster],
    scripted: ScriptedClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learning, "STAGES", ())
    make(clusters)
    first = next(iter(Cluster.objects.current()))
    common_wins(scripted, but_on=asked(expert(first))[:1])
    TrainingRun.objects.filter(kind="expert").delete()
    outcome = learn(SilentReporter(), None, LearnOptions(promote=False, has_common_ground=True))
    assert {row.route for row in outcome.clusters} == {"expert"}
    mine = next(row for row in outcome.clusters if row.cluster == first.name)
    experts = [run for run in mine.runs if run["kind"] == "expert"]
    assert [(run["state"], run["win_rate"]) for run in experts] == [(RunState.ACCEPTED, 0.9)]
    assert not mine.note


def test_a_twin_of_common_ground_is_not_its_parent(
    clusters: list[Cluster], scripted: ScriptedClient
) -> None:
    """An expert that is served as it began has the same weights, and its own descendants."""
    common = make(clusters[:2])
    late, other = clusters[2], clusters[0]
    common_wins(scripted)
    kept = verify(start_of(late)).adapter
    assert kept.sha256 == common.sha256
    theirs = verify(start_of(other)).adapter
    late.entries.filter(training_examples__run=kept.run).first().delete()
    consent_sync()
    found = Adapter.objects.in_bulk([common.pk, kept.pk, theirs.pk])
    assert found[kept.pk].is_tainted
    assert not found[common.pk].is_tainted
    assert not found[theirs.pk].is_tainted
    again = start_of(clusters[1])
    assert again.state == RunState.TRAINED
    assert kept.run.pk not in runs_behind(again)


def test_an_engine_that_goes_away_leaves_it_as_it_was(
    clusters: list[Cluster], scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "STAGES", ())
    make(clusters)
    first = next(iter(Cluster.objects.current()))
    common_wins(scripted, but_on=asked(expert(first))[:1])
    TrainingRun.objects.filter(kind="expert").delete()

    def away(run: TrainingRun, report: object) -> None:
        run_set_state(run, RunState.TRAINED)
        raise EngineUnreachable("The engine is gone.")

    monkeypatch.setattr(learning, "run_verify", away)
    learn(SilentReporter(), None, LearnOptions(promote=False, has_common_ground=True))
    assert TrainingRun.objects.get(cluster=first, kind="expert").state == RunState.REFUSED
