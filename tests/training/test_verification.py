"""A trained run is verified: who wins, who is refused and why, what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.services.messages import REPLY_SAMPLING
from curation.models import Cluster, CurationPolicy
from curation.roles.judges import ReferenceJudge
from tests.scripted import ScriptedClient
from training.models import AdapterState, RunState, TrainingRun, Verification
from training.services import verification
from training.services.execution import run_execute
from training.services.gate import Gate
from training.services.reporting import SilentReporter
from training.services.runs import run_create, run_folder
from training.services.verification import can_gate, run_verify
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatRequest
from uno_site.jobs.context import JobCancelled

pytestmark = pytest.mark.usefixtures("torch_base")

CHECK = {"judge": "reference", "figure": 0.9, "low": 0.7, "high": 0.97, "n": 20}
WANTED = "Hi, ok. Cheers, Ana"


@pytest.fixture
def run(
    ready_cluster: Cluster, scripted: ScriptedClient, trainer: Callable[..., None]
) -> TrainingRun:
    run = run_create(ready_cluster, "expert", None)
    run_execute(run, SilentReporter())
    return run


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch, scripted: ScriptedClient) -> Gate:
    gate = Gate(ReferenceJudge(scripted), CHECK)
    monkeypatch.setattr(verification, "current_gate", lambda cluster: gate)
    return gate


def answer_by_model(scripted: ScriptedClient, **replies: Callable[[str], str]) -> None:
    """The base says ``base``; the checkpoint of epoch N says ``epoch_N``."""

    def reply(request: ChatRequest) -> str:
        query = request.messages[-1].content
        if request.model.startswith("verify-"):
            return replies[f"epoch_{request.model.rsplit('-', 1)[1]}"](query)
        return replies["base"](query)

    scripted.reply = reply


def long_answer(query: str) -> str:
    return f"Dear Sir or Madam, about {query} there is much to say, and then there is more."


def wanted_answer(query: str) -> str:
    return f"Hi, ok, {query}. Cheers, Ana"


def test_the_best_epoch_is_accepted_and_registered(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    answer_by_model(scripted, base=long_answer, epoch_1=long_answer, epoch_2=wanted_answer)
    found = run_verify(run, SilentReporter())

    assert run.state == RunState.ACCEPTED
    assert (found.best_epoch, found.win_rate, found.n_prompts) == (2, 1.0, 5)
    assert 0.5 < found.low < found.high == 1.0
    assert [row["win_rate"] for row in found.epochs] == [0.5, 1.0]
    assert [row["low"] for row in found.epochs][1] == found.low
    assert found.adapter.state == AdapterState.ACCEPTED
    assert found.adapter.epoch == 2
    assert found.judge_check == {**CHECK, "beats_chance": True}
    assert scripted.loaded == {}


def test_the_report_shows_answers_side_by_side(run: TrainingRun, scripted: ScriptedClient) -> None:
    answer_by_model(scripted, base=long_answer, epoch_1=long_answer, epoch_2=wanted_answer)
    sample = run_verify(run, SilentReporter()).samples[0]
    assert sample["base"].startswith("Dear Sir")
    assert sample["adapter"].startswith("Hi, ok")
    assert sample["reference"] == WANTED
    assert sample["outcome"] == "win"
    assert sample["score"] > sample["score_base"]


def test_who_answers_worse_is_refused_with_the_figures(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    answer_by_model(scripted, base=wanted_answer, epoch_1=long_answer, epoch_2=long_answer)
    found = run_verify(run, SilentReporter())
    assert run.state == RunState.REFUSED
    assert not found.is_accepted
    assert "win rate 0.00" in found.reason
    assert "below 0.53" in found.reason
    assert found.adapter.state == AdapterState.REFUSED


def test_a_collapsed_adapter_is_refused_whatever_the_judge_says(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    answer_by_model(scripted, base=long_answer, epoch_1=lambda q: WANTED, epoch_2=lambda q: WANTED)
    found = run_verify(run, SilentReporter())
    assert not found.is_accepted
    assert "Not healthy" in found.reason
    assert not found.health["is_healthy"]


def test_each_query_is_answered_greedily_once_and_sampled_twice(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    run_verify(run, SilentReporter())
    drawn = [
        request.sampling for request in scripted.requests if request.model.startswith("verify-")
    ]
    assert len(drawn) == 2 * 5 * 3  # epochs, queries, samples
    greedy = [one for one in drawn if one.temperature == 0.0]
    sampled = [one for one in drawn if one.temperature == REPLY_SAMPLING.temperature]
    assert (len(greedy), len(sampled)) == (10, 20)
    assert {one.top_p for one in sampled} == {REPLY_SAMPLING.top_p}
    assert len({one.seed for one in sampled}) == 2


def test_without_a_judge_nothing_is_accepted_but_there_is_something_to_look_at(
    run: TrainingRun, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Gate(None, {}, "The reference judge told 40% right.")
    monkeypatch.setattr(verification, "current_gate", lambda cluster: nobody)
    found = run_verify(run, SilentReporter())
    assert run.state == RunState.REFUSED
    assert found.reason == (
        "No judge may decide, so nothing may be accepted. The reference judge told 40% right."
    )
    assert found.win_rate is None
    assert found.adapter.state == AdapterState.CANDIDATE
    assert found.best_epoch == 2  # the lower validation loss
    assert len(found.samples) == 5
    assert not can_gate(run)


def test_a_verification_that_was_cut_off_goes_on(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    def break_off(request: ChatRequest) -> str:
        if request.model.endswith("-2"):
            raise EngineUnreachable("The engine is gone.")
        return long_answer(request.messages[-1].content)

    scripted.reply = break_off
    with pytest.raises(EngineUnreachable):
        run_verify(run, SilentReporter())
    assert run.state == RunState.TRAINED
    assert "could not be verified yet" in run.error

    scripted.requests.clear()
    answer_by_model(scripted, base=long_answer, epoch_1=long_answer, epoch_2=wanted_answer)
    run_verify(run, SilentReporter())
    assert run.state == RunState.ACCEPTED
    assert {request.model.rsplit("-", 1)[1] for request in scripted.requests} == {"2"}
    assert Verification.objects.count() == 1


def test_a_cancelled_verification_leaves_a_cancelled_run(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    class Impatient(SilentReporter):
        def check_cancelled(self) -> None:
            raise JobCancelled("The job was cancelled.")

    with pytest.raises(JobCancelled):
        run_verify(run, Impatient())
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not Verification.objects.exists()


def test_what_is_cancelled_with_the_last_answer_is_not_registered(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    class Late(SilentReporter):
        def check_cancelled(self) -> None:
            if any(request.model.endswith("-2") for request in scripted.requests):
                raise JobCancelled("The job was cancelled.")

    with pytest.raises(JobCancelled):
        run_verify(run, Late())
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert not run.adapters.exists()


def test_a_critic_is_verified_by_draft_critique_and_revision(
    ready_cluster: Cluster, scripted: ScriptedClient, trainer: Callable[..., None]
) -> None:
    run = run_create(ready_cluster, "critic", None)
    run_execute(run, SilentReporter())

    def reply(request: ChatRequest) -> str:
        text = request.messages[-1].content
        if request.model.startswith("verify-"):
            return "1. Be brief."
        if "1. Be brief." in text:
            return wanted_answer(text.splitlines()[0])
        return long_answer(text)

    scripted.reply = reply
    found = run_verify(run, SilentReporter())
    critics = {r.model for r in scripted.requests if r.model.startswith("verify-")}
    assert {name.rsplit("-", 1)[1] for name in critics} == {"2"}  # lowest validation loss only
    assert found.is_accepted
    assert found.samples[0]["adapter"].startswith("Hi, ok")
    assert run_folder(run).read_json("answers/epoch-2.json").keys() == {
        s["id"] for s in found.samples
    }


def test_too_few_prompts_that_the_judge_can_score(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    folder = run_folder(run)
    rows: list[dict[str, Any]] = folder.read_rows("prompts.jsonl")
    rows[0]["correction"] = None
    from training.services.run_folder import dump_rows

    folder.write("prompts.jsonl", dump_rows(rows))
    found = run_verify(run, SilentReporter())
    assert not found.is_accepted
    assert "Too few of the 5 held-out prompts" in found.reason


class OrderedJudge(ReferenceJudge):
    """Reads two answers at once and prefers the one that begins with "Hi"."""

    name = "pairwise"
    needs_correction = False
    is_pairwise = True

    def score_many(self, items: Any) -> list[float]:
        return [0.0 for _ in items]

    def prefer_many(self, pairs: Any) -> list[float]:
        return [
            (one.answer.startswith("Hi") - other.answer.startswith("Hi") + 1) / 2
            for one, other in pairs
        ]


def test_a_judge_of_two_answers_compares_with_the_base(
    run: TrainingRun, scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairwise = Gate(OrderedJudge(scripted), CHECK)
    monkeypatch.setattr(verification, "current_gate", lambda cluster: pairwise)
    answer_by_model(scripted, base=long_answer, epoch_1=long_answer, epoch_2=wanted_answer)
    found = run_verify(run, SilentReporter())
    assert [row["win_rate"] for row in found.epochs] == [0.5, 1.0]
    assert (found.samples[0]["score"], found.samples[0]["score_base"]) == (1.0, 0.0)
    assert found.is_accepted


@pytest.fixture
def four_of_five(torch_base: Any, run: TrainingRun, scripted: ScriptedClient) -> None:
    """The second epoch wins four of five queries and loses one."""
    lost = run_folder(run).read_rows("prompts.jsonl")[0]["messages"][-1]["content"]

    def epoch_2(query: str) -> str:
        return "Dear Sir or Madam." if query == lost else wanted_answer(query)

    answer_by_model(scripted, base=long_answer, epoch_1=long_answer, epoch_2=epoch_2)


@pytest.mark.usefixtures("four_of_five")
def test_four_of_five_could_be_chance_and_the_verdict_says_what_is_missing(
    run: TrainingRun,
) -> None:
    found = run_verify(run, SilentReporter())
    assert (found.win_rate, found.is_accepted) == (0.8, False)
    assert "6 more validation prompts would tell" in found.reason


@pytest.mark.usefixtures("four_of_five")
def test_the_papers_rule_accepts_four_of_five(run: TrainingRun) -> None:
    CurationPolicy.objects.update_or_create(pk=1, defaults={"promotion_rule": "paper"})
    found = run_verify(run, SilentReporter())
    assert (found.win_rate, found.is_accepted) == (0.8, True)
    assert found.reason.endswith("reaches 0.53.")
