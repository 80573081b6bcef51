"""Somebody withdraws: adapters are tainted and taken off, rows are forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.services.routes import route_table_active
from curation.models import Cluster, LogEntry
from tests.scripted import ScriptedClient
from training.errors import TrainingFailed
from training.models import Adapter, RunState, TrainingRun, Verification
from training.services.execution import run_execute
from training.services.promotion import promote
from training.services.reporting import SilentReporter
from training.services.run_folder import entry_of
from training.services.runs import run_create, run_folder, run_set_state
from training.services.withdrawal import DELETED, WITHDRAWN, consent_sync
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.usefixtures("torch_base")
Make = Callable[..., Adapter]


@pytest.fixture
def run(ready_cluster: Cluster, scripted: ScriptedClient) -> TrainingRun:
    run = run_create(ready_cluster, "expert", None)
    run_set_state(run, RunState.ACCEPTED)
    return run


@pytest.fixture
def adapter(run: TrainingRun, make: Make) -> Adapter:
    return make(run.cluster, run=run)


def entries_on_disk(run: TrainingRun) -> set[str]:
    folder = run_folder(run)
    names = ("train.jsonl", "validation.jsonl", "prompts.jsonl")
    return {entry_of(row["id"]) for name in names for row in folder.read_rows(name)}


def test_nobody_withdrew_and_nothing_happens(run: TrainingRun, adapter: Adapter) -> None:
    assert consent_sync() == {"n_runs": 0, "n_rows": 0, "n_tainted": 0, "n_taken_off": 0}
    adapter.refresh_from_db()
    assert not adapter.is_tainted


def test_withdrawn_consent_taints_forgets_and_takes_off(run: TrainingRun, adapter: Adapter) -> None:
    promote([adapter], None)
    entry = run.examples.filter(split="train").first().entry
    entry.user.training_consent = False
    entry.user.save()

    totals = consent_sync()
    assert totals == {"n_runs": 1, "n_rows": 1, "n_tainted": 1, "n_taken_off": 1}
    adapter.refresh_from_db()
    assert (adapter.is_tainted, adapter.taint_reason) == (True, WITHDRAWN)
    assert str(entry.pk) not in entries_on_disk(run)
    assert len(entries_on_disk(run)) == 9
    assert [route.kind for route in route_table_active().routes.all()] == ["base"]


def test_a_second_pass_changes_nothing(run: TrainingRun, adapter: Adapter) -> None:
    promote([adapter], None)
    LogEntry.objects.first().user.delete()
    assert consent_sync()["n_taken_off"] == 1
    assert consent_sync() == {"n_runs": 0, "n_rows": 0, "n_tainted": 0, "n_taken_off": 0}
    assert route_table_active().version == 2


def test_a_deleted_log_taints_too(run: TrainingRun, adapter: Adapter) -> None:
    entry = run.examples.filter(split="validation").first().entry
    key = str(entry.pk)
    entry.delete()
    assert consent_sync()["n_rows"] == 2  # validation.jsonl and prompts.jsonl
    adapter.refresh_from_db()
    assert adapter.taint_reason == DELETED
    assert key not in entries_on_disk(run)


def test_answers_shown_in_the_report_are_forgotten(run: TrainingRun, adapter: Adapter) -> None:
    gone, stays = run.examples.all()[:2]
    Verification.objects.create(
        run=run,
        judge="reference",
        threshold=0.53,
        samples=[{"id": f"{e.entry_key}/{e.pair_id}", "query": "?"} for e in (gone, stays)],
    )
    gone.entry.delete()
    consent_sync()
    kept = Verification.objects.get(run=run).samples
    assert [entry_of(sample["id"]) for sample in kept] == [str(stays.entry_key)]


def test_a_run_at_work_is_stopped(run: TrainingRun) -> None:
    run_set_state(run, RunState.TRAINING)
    LogEntry.objects.first().delete()
    consent_sync()
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_imported_logs_need_no_persons_consent(run: TrainingRun, adapter: Adapter) -> None:
    LogEntry.objects.update(user=None)
    assert consent_sync()["n_tainted"] == 0


def test_the_job_tells_what_it_did(run: TrainingRun, adapter: Adapter) -> None:
    LogEntry.objects.first().delete()
    job = job_run_now(kind="training.sync_consent")
    assert job.result["n_tainted"] == 1
    assert "tainted: 1" in job.log


def test_missing_files_do_not_stop_it(run: TrainingRun, adapter: Adapter, settings: Any) -> None:
    import shutil

    shutil.rmtree(Path(run.folder))
    LogEntry.objects.first().delete()
    assert consent_sync()["n_tainted"] == 1


@pytest.mark.parametrize("state", [RunState.TRAINED, RunState.FAILED, RunState.CANCELLED])
def test_a_trained_run_that_is_taken_up_again_has_forgotten_what_it_learned(
    run: TrainingRun, trainer: Callable[..., None], state: str
) -> None:
    run_set_state(run, RunState.QUEUED)
    run_execute(run, SilentReporter())
    run_folder(run).write_json("answers/epoch-1.json", {"x/y": ["An answer of these weights."]})
    run_set_state(run, state)
    run.examples.filter(split="train").first().entry.delete()
    consent_sync()
    run.refresh_from_db()
    assert not list(Path(run.folder).rglob("*.safetensors"))
    assert run_folder(run).read_json("answers/epoch-1.json") is None
    trainer(error="trained anew")
    with pytest.raises(TrainingFailed, match="trained anew"):
        run_execute(run, SilentReporter())
