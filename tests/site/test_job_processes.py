"""Ending ``manage.py up`` ends the processes of its own jobs and no others."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from uno_site.jobs.models import Job, JobState
from uno_site.management.commands.up import job_process

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def job(db: None) -> Job:
    return Job.objects.create(kind="test.echo", queue="default", state=JobState.RUNNING)


@pytest.fixture
def child(job: Job) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SLEEP, "run_job", str(job.pk)])
    yield process
    process.kill()
    process.wait()


def test_the_process_of_a_job_is_found(job: Job, child: subprocess.Popen[bytes]) -> None:
    job.pid = child.pid
    found = job_process(job)
    assert found is not None
    assert found.pid == child.pid


def test_the_same_number_on_this_machine_is_somebody_else(job: Job) -> None:
    job.pid = os.getpid()
    assert job_process(job) is None


def test_a_number_that_is_not_there_is_nobody(job: Job) -> None:
    job.pid = 2**22 + 1
    assert job_process(job) is None
