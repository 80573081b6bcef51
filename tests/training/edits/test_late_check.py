"""What was trained and could not be checked is checked later, instead of being trained anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.services.arms import live_arms
from curation.models import PreferencePair
from tests.training.edits.conftest import EDIT, answering
from training.models import RunState, TrainingRun
from training.services.edits.learning import edits_learn
from training.services.reporting import SilentReporter
from training.services.run_control import can_resume, run_resume
from training.services.runs import run_folder, runs_settle
from uno_site.inference.errors import AdapterNotLoaded, EngineRefused, EngineUnreachable
from uno_site.jobs.context import JobContext
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.registry import get_kind

pytestmark = pytest.mark.django_db(transaction=True)
QUIET = SilentReporter()


@pytest.fixture
def unchecked(
    edited: list[Any], good: Any, torch_base: Any, trainer: Callable[..., None]
) -> TrainingRun:
    """A trained run; the engine went away before its check and is there again, the job is over.

    Whatever is trained from now on fails."""
    job = Job.objects.create(kind="edits.learn", state=JobState.RUNNING)
    good.reply = EngineUnreachable("The engine is gone.")
    assert edits_learn(QUIET, job=job, kinds=["sft"])["n_failed"] == 1
    assert TrainingRun.objects.get().state == RunState.TRAINED
    Job.objects.update(state=JobState.SUCCEEDED)
    good.reply = answering(lambda n: EDIT.format(n=n))
    trainer(error="It was trained anew.")
    return TrainingRun.objects.get()


def outcome() -> tuple[str, list[str]]:
    return TrainingRun.objects.get().state, [arm.label for arm in live_arms()]


CHECKED = (RunState.ACCEPTED, ["Base", "SFT on edits"])


@pytest.mark.parametrize("is_settled", [False, True])
def test_the_next_learning_checks_it(unchecked: TrainingRun, is_settled: bool) -> None:
    if is_settled:
        assert runs_settle() == 1
    job = Job.objects.create(kind="edits.learn", state=JobState.RUNNING)
    edits_learn(QUIET, job=job, kinds=["sft"])
    assert outcome() == CHECKED
    assert TrainingRun.objects.get().job == job


def test_so_does_go_on(unchecked: TrainingRun) -> None:
    runs_settle()
    unchecked.refresh_from_db()
    assert can_resume(unchecked)
    run_resume(run=unchecked, by=None)
    unchecked.refresh_from_db()
    get_kind(unchecked.job.kind).handler(JobContext(unchecked.job))
    assert outcome() == CHECKED


def test_of_another_base_model_it_is_left_alone(unchecked: TrainingRun) -> None:
    TrainingRun.objects.update(base_sha256="1" * 64)
    edits_learn(QUIET, kinds=["sft"])
    assert TrainingRun.objects.count() == 2


def test_what_is_at_work_elsewhere_is_left_alone(unchecked: TrainingRun) -> None:
    Job.objects.update(state=JobState.RUNNING)
    edits_learn(QUIET, kinds=["sft"])
    assert TrainingRun.objects.count() == 2


def test_a_failed_training_goes_on_as_its_error_says(
    edited: list[Any], good: Any, torch_base: Any, trainer: Callable[..., None]
) -> None:
    trainer(error="The disk is full.")
    said: list[str] = []
    report = SilentReporter()
    report.log = said.append  # type: ignore[method-assign]
    job = Job.objects.create(kind="edits.learn", state=JobState.RUNNING)
    edits_learn(report, job=job, kinds=["sft"])
    assert "“Go on” on the run's page" in said[-1]
    Job.objects.update(state=JobState.SUCCEEDED)
    trainer()
    run = TrainingRun.objects.get()
    run_resume(run=run, by=None)
    run.refresh_from_db()
    get_kind(run.job.kind).handler(JobContext(run.job))
    assert outcome() == CHECKED


def test_what_can_never_be_checked_is_begun_anew(unchecked: TrainingRun, good: Any) -> None:
    good.reply = EngineRefused("The adapter is of another base.")
    assert edits_learn(QUIET, kinds=["sft"])["n_failed"] == 1
    unchecked.refresh_from_db()
    assert (unchecked.state, unchecked.error[:23]) == (RunState.FAILED, "It cannot be checked: T")
    assert run_folder(unchecked).read_json("result.json") is None
    edits_learn(QUIET, kinds=["sft"])
    assert TrainingRun.objects.count() == 2


def test_what_the_engine_had_no_room_to_load_waits(unchecked: TrainingRun, good: Any) -> None:
    good.reply = AdapterNotLoaded("Out of memory.")
    assert edits_learn(QUIET, kinds=["sft"])["n_failed"] == 1
    unchecked.refresh_from_db()
    assert unchecked.state == RunState.TRAINED
    assert run_folder(unchecked).read_json("result.json") is not None


def test_with_other_edits_it_is_trained_anew(unchecked: TrainingRun, edited: list[Any]) -> None:
    PreferencePair.objects.first().delete()
    edits_learn(QUIET, kinds=["sft"])
    assert TrainingRun.objects.count() == 2
