"""A job that ended is queued again once, however many press the button."""

from __future__ import annotations

import pytest

from tests.jobs.kinds import registered
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.services import job_claim, job_enqueue, job_retry

pytestmark = pytest.mark.django_db


def test_a_job_that_was_taken_up_again_is_not_queued_a_second_time(admin: User) -> None:
    with registered(lambda ctx: {}) as kind:
        job_enqueue(kind=kind)
        Job.objects.update(state=JobState.FAILED)
        mine, theirs = Job.objects.get(), Job.objects.get()
        job_retry(job=mine, by=admin)
        claimed = job_claim(mine.pk)
        with pytest.raises(Conflict, match="running"):
            job_retry(job=theirs, by=admin)
    job = Job.objects.get()
    assert (job.state, job.claim) == (JobState.RUNNING, claimed.claim)
    assert AuditEvent.objects.filter(action="job.retry").count() == 1
