"""Who sees the job monitor, and what can be done there."""

import pytest

from tests.jobs.kinds import registered
from uno_site.jobs.models import JobState
from uno_site.jobs.services import job_claim, job_enqueue

pytestmark = pytest.mark.django_db


def test_users_find_no_job_monitor(client_for, alice) -> None:
    assert client_for(alice).get("/jobs/").status_code == 404


def test_curators_see_the_jobs(client_for, curator) -> None:
    with registered(lambda ctx: {}) as kind:
        job_enqueue(kind=kind)
        page = client_for(curator).get("/jobs/")
    assert page.status_code == 200
    assert "A test" in page.content.decode()


def test_a_curator_may_not_start_an_admins_kind(client_for, curator) -> None:
    with registered(lambda ctx: {}, min_role="admin") as kind:
        assert client_for(curator).post("/jobs/start/", {"kind": kind}).status_code == 404


def test_a_waiting_job_is_cancelled_and_retried(client_for, admin) -> None:
    browser = client_for(admin)
    with registered(lambda ctx: {}) as kind:
        job = job_enqueue(kind=kind)
        browser.post(f"/jobs/{job.pk}/cancel/")
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED
        browser.post(f"/jobs/{job.pk}/retry/")
        job.refresh_from_db()
        assert job.state == JobState.QUEUED


def test_retrying_a_running_job_is_refused_with_the_reason(client_for, admin) -> None:
    with registered(lambda ctx: {}) as kind:
        job = job_claim(job_enqueue(kind=kind).pk)
        answer = client_for(admin).post(f"/jobs/{job.pk}/retry/")
    assert answer.status_code == 409
    assert "Only a failed or cancelled job" in answer.content.decode()
