"""A dead process's job is taken up again, and given up after its attempts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.jobs.kinds import registered
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.services import (
    STALE_AFTER,
    job_claim,
    job_enqueue,
    job_release,
    jobs_release_orphans,
    jobs_rescue,
)

pytestmark = pytest.mark.django_db


def claimed(kind: str, *, heartbeat_age: timedelta, attempts: int = 1, pid: int | None = 1) -> Job:
    job = job_claim(job_enqueue(kind=kind).pk)
    Job.objects.filter(pk=job.pk).update(
        heartbeat_at=timezone.now() - heartbeat_age, attempts=attempts, pid=pid
    )
    job.refresh_from_db()
    return job


def test_a_silent_job_is_queued_again() -> None:
    with registered(lambda ctx: {}) as kind:
        job = claimed(kind, heartbeat_age=STALE_AFTER * 2)
        assert jobs_rescue() == 1
        job.refresh_from_db()
        assert job.state == JobState.QUEUED
        assert "died" in job.log


def test_a_job_with_a_fresh_heartbeat_is_left_alone() -> None:
    with registered(lambda ctx: {}) as kind:
        claimed(kind, heartbeat_age=STALE_AFTER / 2)
        assert jobs_rescue() == 0


def test_a_job_that_keeps_dying_fails() -> None:
    with registered(lambda ctx: {}) as kind:
        job = claimed(kind, heartbeat_age=STALE_AFTER * 2, attempts=3)
        jobs_rescue()
        job.refresh_from_db()
        assert job.state == JobState.FAILED
        assert "process died" in job.error


def test_a_shutdown_gives_the_job_back_without_counting_an_attempt() -> None:
    with registered(lambda ctx: {}) as kind:
        job = claimed(kind, heartbeat_age=timedelta())
        job_release(job)
        job.refresh_from_db()
        assert (job.state, job.attempts) == (JobState.QUEUED, 0)


def test_at_start_up_the_jobs_of_processes_that_are_gone_are_queued() -> None:
    with registered(lambda ctx: {}) as kind:
        claimed(kind, heartbeat_age=timedelta(), pid=2**22 + 1)
        assert jobs_release_orphans() == 1


def test_at_start_up_the_jobs_of_living_processes_go_on() -> None:
    import os

    with registered(lambda ctx: {}) as kind:
        claimed(kind, heartbeat_age=timedelta(), pid=os.getpid())
        assert jobs_release_orphans() == 0
