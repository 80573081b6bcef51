"""Two to four runs are put side by side, with what differs and what came out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.training.conftest import make_run
from training.charts import overlay
from training.comparison import compare_runs
from training.models import RunState, TrainingRun, Verification
from training.services.runs import run_folder

ClientFor = Callable[[Any], Client]
METRICS = (
    '{"kind": "train", "step": 1, "loss": 2.0}\n'
    '{"kind": "train", "step": 2, "loss": 1.0}\n'
    '{"kind": "validation", "step": 2, "epoch": 1, "loss": 1.5}\n'
)


@pytest.fixture
def cluster(db: None) -> Cluster:
    return ClusterFactory(name="Letters")


@pytest.fixture
def runs(cluster: Cluster, data_dir: Path) -> list[TrainingRun]:
    made = [
        make_run(cluster, data_dir, config={"r": r, "n_epochs": 8}, state=RunState.REFUSED)
        for r in (8, 64)
    ]
    run_folder(made[0]).write("metrics.jsonl", METRICS)
    Verification.objects.create(
        run=made[0],
        judge="reference",
        threshold=0.53,
        n_prompts=10,
        win_rate=0.6,
        low=0.31,
        high=0.83,
        reason="More prompts would tell.",
    )
    return made


def url(*runs: TrainingRun) -> str:
    return reverse("training:run_compare") + "?" + "&".join(f"run={run.pk}" for run in runs)


def test_only_settings_that_differ_are_told(runs: list[TrainingRun]) -> None:
    found = compare_runs(runs)
    assert [(row.name, row.values) for row in found.differences] == [("r", (8, 64))]
    assert found.n_same == 3
    assert [one.train_loss for one in found.runs] == [1.0, None]
    assert found.runs[0].best_validation_loss == 1.5


def test_curves_lie_on_the_same_axes(runs: list[TrainingRun]) -> None:
    chart = overlay(
        [
            {"train": [[1, 2.0], [2, 1.0]], "validation": []},
            {"train": [[4, 0.0]], "validation": [[4, 2.0]]},
        ]
    )
    first, second = chart.lines
    assert first.validation == ""
    assert second.train == "622.0,224.0"
    assert second.validation.split(",")[1] == first.train.split(" ")[0].split(",")[1]
    assert [mark.value for mark in chart.steps] == [0, 1, 2, 3, 4]
    assert overlay([{"train": [], "validation": []}]) is None


def test_the_page_shows_verdicts_with_intervals(
    runs: list[TrainingRun],
    curator: Any,
    client_for: ClientFor,
    django_assert_max_num_queries: Any,
) -> None:
    browser = client_for(curator)
    with django_assert_max_num_queries(6):
        page = browser.get(url(*runs)).content.decode()
    for text in ("31 % – 83 %", "More prompts would tell.", "Not verified yet.", "overlay-line--1"):
        assert text in page, text


def test_too_few_and_too_many_are_told(
    runs: list[TrainingRun], curator: Any, client_for: ClientFor
) -> None:
    answer = client_for(curator).get(url(runs[0], runs[0]))
    assert answer.status_code == 400
    assert "Choose two to four runs" in answer.content.decode()
    assert client_for(curator).get(reverse("training:run_compare") + "?run=x").status_code == 400


def test_strangers_find_nothing(runs: list[TrainingRun], alice: Any, client_for: ClientFor) -> None:
    assert client_for(alice).get(url(*runs)).status_code == 404


def test_the_list_offers_it_and_asks_as_often_for_many_runs(
    runs: list[TrainingRun],
    cluster: Cluster,
    data_dir: Path,
    curator: Any,
    client_for: ClientFor,
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(5):
        make_run(cluster, data_dir)
    browser = client_for(curator)
    with django_assert_max_num_queries(6):
        page = browser.get(reverse("training:run_list")).content.decode()
    assert page.count('name="run"') == 7
    assert "Compare the chosen" in page
