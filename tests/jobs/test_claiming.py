"""A job is claimed by one process only, and no more of a queue than it has room for."""

import pytest

from tests.jobs.kinds import registered
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.services import job_claim, job_enqueue

pytestmark = pytest.mark.django_db


def test_a_job_is_claimed_once() -> None:
    with registered(lambda ctx: {}) as kind:
        job = job_enqueue(kind=kind)
        assert job_claim(job.pk).state == JobState.RUNNING
        assert job_claim(job.pk) is None


def test_the_train_queue_works_on_one_job_at_a_time() -> None:
    with registered(lambda ctx: {}, queue="train") as kind:
        first = job_enqueue(kind=kind, params={"n": 1})
        second = job_enqueue(kind=kind, params={"n": 2})
        assert job_claim(first.pk) is not None
        assert job_claim(second.pk) is None
        Job.objects.filter(pk=first.pk).update(state=JobState.SUCCEEDED)
        assert job_claim(second.pk) is not None


def test_the_same_work_waits_once() -> None:
    with registered(lambda ctx: {}) as kind:
        assert job_enqueue(kind=kind).pk == job_enqueue(kind=kind).pk
        assert job_enqueue(kind=kind, params={"n": 1}).pk != job_enqueue(kind=kind).pk
