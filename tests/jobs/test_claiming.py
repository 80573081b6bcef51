"""A job is claimed by one process only, and no more of a queue than it has room for."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection, connections

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


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one process write at a time")
@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_leave_a_queue_its_one_job() -> None:
    with registered(lambda ctx: {}, queue="train") as kind:
        jobs = [job_enqueue(kind=kind, params={"n": n}) for n in range(8)]
        start = Barrier(len(jobs))

        def claim(job_id: UUID) -> bool:
            start.wait()
            try:
                return job_claim(job_id) is not None
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(jobs)) as workers:
            claimed = list(workers.map(claim, [job.pk for job in jobs]))
    assert sum(claimed) == 1
    assert Job.objects.filter(state=JobState.RUNNING).count() == 1
