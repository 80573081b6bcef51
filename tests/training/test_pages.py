"""The training screens: who sees them, and what they show and do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.services.routes import route_table_active
from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from training.models import Adapter, AdapterState, RunState, TrainingRun, Verification
from training.services.promotion import promote
from training.services.run_folder import RunFolder
from training.services.runs import run_create, run_folder, run_set_state
from uno_site.jobs.models import Job, JobState

pytestmark = pytest.mark.usefixtures("torch_base")
ClientFor = Callable[[Any], Client]
Make = Callable[..., Adapter]


@pytest.fixture
def run(ready_cluster: Cluster, scripted: ScriptedClient) -> TrainingRun:
    run = run_create(ready_cluster, "expert", None)
    run_folder(run).write(
        "metrics.jsonl", '{"kind": "train", "step": 1, "loss": 2.5, "epoch": 1}\n'
    )
    return run


@pytest.fixture
def verification(run: TrainingRun, make: Make) -> Verification:
    run_set_state(run, RunState.ACCEPTED)
    return Verification.objects.create(
        run=run,
        adapter=make(run.cluster, run=run),
        judge="reference",
        judge_check={
            "judge": "reference",
            "figure": 0.9,
            "low": 0.7,
            "high": 0.97,
            "n": 20,
            "beats_chance": True,
        },
        n_prompts=3,
        threshold=0.53,
        best_epoch=2,
        win_rate=1.0,
        low=0.44,
        high=1.0,
        is_accepted=True,
        reason="Epoch 2 won all.",
        epochs=[
            {
                "epoch": 2,
                "win_rate": 1.0,
                "n_wins": 3,
                "n_ties": 0,
                "n_guarded": 0,
                "validation_loss": 1.0,
            }
        ],
        samples=[
            {
                "id": "a/b",
                "query": "Why <b>so</b>?",
                "base": "Long.",
                "adapter": "Hi,",
                "reference": "Hi, ok",
                "outcome": "win",
                "score": 0.9,
                "score_base": 0.2,
            }
        ],
        health={
            "is_healthy": True,
            "on_topic": 1.0,
            "repetition": 0.0,
            "repetition_base": 0.1,
            "length_ratio": 0.3,
            "n_distinct": 3,
            "n_answers": 3,
            "reasons": [],
        },
    )


def pages(run: TrainingRun, adapter: Adapter) -> list[str]:
    return [
        reverse("training:dashboard"),
        reverse("training:run_list"),
        reverse("training:run_detail", args=[run.pk]),
        reverse("training:verification", args=[run.pk]),
        reverse("training:adapter_list"),
        reverse("training:adapter_detail", args=[adapter.pk]),
        reverse("training:adapter_download", args=[adapter.pk, "peft"]),
        reverse("training:routes"),
        reverse("training:engines"),
        reverse("training:table_detail", args=[route_table_active().pk]),
    ]


def actions(run: TrainingRun, adapter: Adapter) -> list[str]:
    return [
        reverse("training:learn"),
        reverse("training:retrain", args=[run.cluster_id]),
        reverse("training:run_cancel", args=[run.pk]),
        reverse("training:adapter_promote", args=[adapter.pk]),
        reverse("training:adapter_retire", args=[adapter.pk]),
        reverse("training:rollback"),
    ]


def test_curators_read_strangers_find_nothing(
    verification: Verification, alice: Any, curator: Any, client_for: ClientFor
) -> None:
    promote([verification.adapter], None)
    for url in pages(verification.run, verification.adapter):
        assert client_for(curator).get(url).status_code == 200, url
        assert client_for(alice).get(url).status_code == 404, url


def test_only_admins_act(
    verification: Verification, alice: Any, curator: Any, client_for: ClientFor
) -> None:
    for url in actions(verification.run, verification.adapter):
        for person in (alice, curator):
            assert client_for(person).post(url).status_code == 404, url
    assert route_table_active() is None
    assert not Job.objects.exists()


def test_actions_need_a_post(verification: Verification, admin: Any, client_for: ClientFor) -> None:
    for url in actions(verification.run, verification.adapter):
        assert client_for(admin).get(url).status_code == 405, url


def test_the_dashboard_says_what_is_missing(
    db: None, admin: Any, client_for: ClientFor, scripted: ScriptedClient
) -> None:
    from tests.training.conftest import make_material

    make_material(ClusterFactory(name="Haiku"), 5)
    ClusterFactory(name="Chatter", is_noise=True)
    page = client_for(admin).get(reverse("training:dashboard")).content.decode()
    assert "5 approved prompts of at least 10" in page
    assert "5 more entries" in page
    assert "flagged as noise" in page
    assert page.count("disabled") == 2


def test_a_ready_cluster_is_retrained_from_the_dashboard(
    ready_cluster: Cluster, admin: Any, client_for: ClientFor
) -> None:
    page = client_for(admin).get(reverse("training:dashboard")).content.decode()
    assert f'id="retrain-{ready_cluster.pk}"' in page
    assert "take about" in page
    answer = client_for(admin).post(reverse("training:retrain", args=[ready_cluster.pk]))
    job = Job.objects.get()
    assert answer.url == reverse("jobs:detail", args=[job.pk])
    assert (job.kind, job.queue, job.created_by) == ("training.run", "train", admin)
    assert job.params == {"cluster": str(ready_cluster.pk)}


def test_noise_is_not_retrained(ready_cluster: Cluster, admin: Any, client_for: ClientFor) -> None:
    Cluster.objects.update(is_noise=True)
    answer = client_for(admin).post(reverse("training:retrain", args=[ready_cluster.pk]))
    assert answer.status_code == 409
    assert not Job.objects.exists()


def test_a_run_shows_points_settings_and_where_it_came_from(
    run: TrainingRun, curator: Any, client_for: ClientFor
) -> None:
    page = client_for(curator).get(reverse("training:run_detail", args=[run.pk])).content.decode()
    assert f'data-loss-chart="/ws/training/runs/{run.pk}/"' in page
    assert '"loss": 2.5' in page
    assert "learning_rate" in page
    assert run.examples.first().entry.query in page


def test_a_failed_run_shows_its_error(
    run: TrainingRun, curator: Any, client_for: ClientFor
) -> None:
    run_set_state(run, RunState.FAILED, error="The disk is full.")
    page = client_for(curator).get(reverse("training:run_detail", args=[run.pk])).content.decode()
    assert "The disk is full." in page


def test_runs_are_filtered_by_state(run: TrainingRun, curator: Any, client_for: ClientFor) -> None:
    url = reverse("training:run_list")
    assert "Letters" in client_for(curator).get(f"{url}?state=queued").content.decode()
    assert (
        "Letters" not in client_for(curator).get(f"{url}?state=failed&cluster=x").content.decode()
    )


def test_the_report_shows_verdict_interval_judge_and_escaped_answers(
    verification: Verification, curator: Any, client_for: ClientFor
) -> None:
    url = reverse("training:verification", args=[verification.run_id])
    page = client_for(curator).get(url).content.decode()
    page = page.replace('–</span> <span class="nowrap">', "– ")  # each end is kept on a line
    for text in ("Epoch 2 won all.", "100 %", "44 % – 100 %", "told 90 % right", "Healthy"):
        assert text in page, text
    assert "Why &lt;b&gt;so&lt;/b&gt;?" in page


def test_promoting_and_rolling_back_by_click(
    verification: Verification, admin: Any, client_for: ClientFor, scripted: ScriptedClient
) -> None:
    adapter, browser = verification.adapter, client_for(admin)
    answer = browser.post(reverse("training:adapter_promote", args=[adapter.pk]), follow=True)
    assert f"{adapter.name} is served now" in answer.content.decode()
    answer = browser.post(reverse("training:rollback"), follow=True)
    assert "Rolled back to the base model" in answer.content.decode()
    answer = browser.post(reverse("training:rollback"), {"to": str(_first_table().pk)}, follow=True)
    assert "Rolled back to version 1" in answer.content.decode()
    assert [route.kind for route in route_table_active().routes.all()] == ["expert"]


def _first_table() -> Any:
    from chat.models import RouteTable

    return RouteTable.objects.get(version=1)


def test_a_refused_promotion_is_a_clear_page(
    verification: Verification, admin: Any, client_for: ClientFor
) -> None:
    Adapter.objects.update(state=AdapterState.REFUSED)
    url = reverse("training:adapter_promote", args=[verification.adapter_id])
    answer = client_for(admin).post(url)
    assert answer.status_code == 409
    assert "has not passed verification" in answer.content.decode()


def test_the_download_is_a_peft_folder(
    verification: Verification, curator: Any, client_for: ClientFor
) -> None:
    adapter = verification.adapter
    url = reverse("training:adapter_download", args=[adapter.pk, "peft"])
    answer = client_for(curator).get(url)
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert names == [
        f"{adapter.name}/adapter_config.json",
        f"{adapter.name}/adapter_model.safetensors",
    ]
    assert client_for(curator).get(url.replace("peft", "exe")).status_code == 404


def test_a_tainted_adapter_says_so_and_cannot_be_promoted(
    verification: Verification, admin: Any, client_for: ClientFor
) -> None:
    Adapter.objects.update(is_tainted=True, taint_reason="Somebody withdrew.")
    url = reverse("training:adapter_detail", args=[verification.adapter_id])
    page = client_for(admin).get(url).content.decode()
    assert "Somebody withdrew." in page
    assert "Promote" not in page


def test_cancelling_a_run_cancels_its_job(
    run: TrainingRun, admin: Any, client_for: ClientFor
) -> None:
    run.job = Job.objects.create(kind="training.run", state=JobState.RUNNING)
    run.state = RunState.TRAINING
    run.save()
    client_for(admin).post(reverse("training:run_cancel", args=[run.pk]))
    run.job.refresh_from_db()
    assert run.job.is_cancel_requested


def test_empty_pages_say_what_to_do_next(curator: Any, client_for: ClientFor) -> None:
    for name, words in (
        ("dashboard", "No clusters yet"),
        ("run_list", "No runs here"),
        ("adapter_list", "No adapters here"),
        ("routes", "Only the base model answers"),
    ):
        page = client_for(curator).get(reverse(f"training:{name}")).content.decode()
        assert words in page, name


def test_folder_that_is_gone_does_not_break_the_page(
    run: TrainingRun, curator: Any, client_for: ClientFor
) -> None:
    import shutil

    shutil.rmtree(RunFolder(run_folder(run).path).path)
    assert client_for(curator).get(reverse("training:run_detail", args=[run.pk])).status_code == 200


def test_the_same_retrain_is_not_queued_while_it_works(
    ready_cluster: Cluster, admin: Any, client_for: ClientFor
) -> None:
    browser, url = client_for(admin), reverse("training:retrain", args=[ready_cluster.pk])
    browser.post(url)
    Job.objects.update(state=JobState.RUNNING)
    assert browser.post(url).url == reverse("jobs:detail", args=[Job.objects.get().pk])
    browser.post(url, {"kind": "critic"})
    assert Job.objects.count() == 2


@pytest.mark.parametrize("percent", ["9" * 5_000, "1000", "0", "half"])
def test_a_share_that_is_none_is_refused(
    verification: Verification, admin: Any, client_for: ClientFor, percent: str
) -> None:
    url = reverse("training:adapter_promote", args=[verification.adapter_id])
    assert client_for(admin).post(url, {"percent": percent}).status_code == 400
    assert route_table_active() is None
