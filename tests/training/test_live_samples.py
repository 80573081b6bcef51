"""A run shows what its checkpoints answer while it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster
from tests.scripted import ScriptedClient
from training.models import RunState, TrainingRun
from training.services.execution import run_execute
from training.services.live_samples import live_samples
from training.services.reporting import SilentReporter
from training.services.runs import run_create, run_folder
from uno_site.inference.errors import EngineUnreachable

pytestmark = pytest.mark.usefixtures("torch_base")
Trainer = Callable[..., None]
ClientFor = Callable[[Any], Client]


class Lines(SilentReporter):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def run(ready_cluster: Cluster, scripted: ScriptedClient, trainer: Trainer) -> TrainingRun:
    trainer(step_seconds=0.1, epochs=3)
    scripted.reply = lambda request: f"<b>epoch</b> {request.model.rpartition('-')[2]}"
    return run_create(ready_cluster, "expert", None)


def test_each_epoch_is_asked_as_it_comes(run: TrainingRun, scripted: ScriptedClient) -> None:
    run_execute(run, SilentReporter())
    samples = live_samples(run_folder(run))
    assert len(samples) == 2
    assert samples[0].answers[-2:] == [(2, "<b>epoch</b> 2"), (1, "<b>epoch</b> 1")]
    assert samples[0].wanted
    assert scripted.loaded == {}
    assert {request.sampling.max_tokens for request in scripted.requests} == {96}


def test_an_engine_that_is_away_costs_only_the_samples(
    run: TrainingRun, scripted: ScriptedClient
) -> None:
    scripted.reply = EngineUnreachable("Nobody answers.")
    report = Lines()
    run_execute(run, report)
    assert run.state == RunState.TRAINED
    assert "epoch 1: no samples (Nobody answers.)" in report.lines
    assert live_samples(run_folder(run)) == []


def test_a_critic_is_shown_by_its_suggestions(
    ready_cluster: Cluster, scripted: ScriptedClient, trainer: Trainer
) -> None:
    trainer(step_seconds=0.1)
    run = run_create(ready_cluster, "critic", None)
    run_execute(run, SilentReporter())
    asked = scripted.requests[0].messages
    rows = {row["id"]: row for row in run_folder(run).read_rows("validation.jsonl")}
    assert [turn.content for turn in asked] in [
        [turn["content"] for turn in row["messages"]] for row in rows.values()
    ]


def test_a_withdrawal_takes_them_out(run: TrainingRun) -> None:
    run_execute(run, SilentReporter())
    folder = run_folder(run)
    entries = {row["id"].partition("/")[0] for row in folder.read_rows("prompts.jsonl")}
    folder.forget_entries(entries)
    assert folder.read_json("answers/live-epoch-1.json") == {}
    assert live_samples(folder) == []


def test_the_page_shows_them_escaped(
    run: TrainingRun, curator: Any, alice: Any, client_for: ClientFor
) -> None:
    run_execute(run, SilentReporter())
    page = client_for(curator).get(reverse("training:run_detail", args=[run.pk])).content.decode()
    assert "&lt;b&gt;epoch&lt;/b&gt; 1" in page
    url = reverse("training:run_samples", args=[run.pk])
    assert "every 5s" in client_for(curator).get(url).content.decode()
    TrainingRun.objects.update(state=RunState.TRAINING)
    samples = live_samples(run_folder(run))
    seen = sum(len(sample.answers) for sample in samples)
    assert client_for(curator).get(f"{url}?seen={seen}").status_code == 204
    assert client_for(curator).get(f"{url}?seen=0").status_code == 200
    assert client_for(alice).get(url).status_code == 404
