"""How a job's row tells the way its work ended."""

import pytest

from tests.jobs.kinds import registered
from uno_site.errors import InvalidInput, UnoError
from uno_site.jobs import context
from uno_site.jobs.context import JobContext
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.django_db


def test_success_keeps_the_result_and_the_log() -> None:
    def handler(ctx: JobContext) -> dict:
        ctx.log("half way")
        ctx.progress(0.5, "counting")
        return {"n": 3}

    with registered(handler) as kind:
        job = job_run_now(kind=kind)
    assert (job.state, job.result, job.progress) == (JobState.SUCCEEDED, {"n": 3}, 1.0)
    assert "half way" in job.log
    assert job.message == "counting"


def test_a_known_error_is_told_in_its_own_words() -> None:
    def handler(ctx: JobContext) -> dict:
        raise InvalidInput("Cluster 7 is empty.", remedy="Approve a pair first.")

    with registered(handler) as kind, pytest.raises(UnoError, match="Cluster 7 is empty"):
        job_run_now(kind=kind)
    job = Job.objects.get()
    assert job.state == JobState.FAILED
    assert job.error == "Cluster 7 is empty. Approve a pair first."


def test_an_unknown_error_is_kept_and_raised() -> None:
    def handler(ctx: JobContext) -> dict:
        return {"x": 1 / 0}

    with registered(handler) as kind, pytest.raises(ZeroDivisionError):
        job_run_now(kind=kind)
    assert Job.objects.get().error == "ZeroDivisionError: division by zero"


def test_a_cancelled_job_stops_at_its_next_check() -> None:
    def handler(ctx: JobContext) -> dict:
        Job.objects.update(is_cancel_requested=True)
        ctx.check_cancelled()
        return {}

    with registered(handler) as kind, pytest.raises(UnoError, match="cancelled"):
        job_run_now(kind=kind)
    assert Job.objects.get().state == JobState.CANCELLED


def test_a_job_that_was_taken_over_stops_and_leaves_the_row_alone() -> None:
    def handler(ctx: JobContext) -> dict:
        Job.objects.update(claim="somebody else")
        ctx.check_cancelled()
        return {}

    with registered(handler) as kind, pytest.raises(UnoError):
        job_run_now(kind=kind)
    assert Job.objects.get().state == JobState.RUNNING


def test_the_time_left_goes_by_the_pace_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([1000.0, 1010.0])
    ctx = JobContext(Job(kind="x", pk=None))
    monkeypatch.setattr(ctx, "_write_if_due", lambda: None)
    monkeypatch.setattr(context.time, "monotonic", lambda: next(now))
    ctx.progress(0.1)
    assert ctx._pending["eta_seconds"] is None
    ctx.progress(0.2)
    assert ctx._pending["eta_seconds"] == pytest.approx(80.0)
