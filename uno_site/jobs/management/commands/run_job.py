"""Do one claimed job; started by the worker, one process a job."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_q.tasks import async_task

from uno_site.jobs.models import Job, JobState
from uno_site.jobs.services import job_execute, job_release


class ShutDown(BaseException):
    """The process was asked to end: no error of the job, which goes on at the next start."""


def _shut_down(number: int, frame: FrameType | None) -> None:
    raise ShutDown


class Command(BaseCommand):
    help = "Do one claimed job (used by the worker)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job_id")
        parser.add_argument("claim")

    def handle(self, *args: Any, job_id: str, claim: str, **options: Any) -> None:
        job = Job.objects.filter(pk=job_id, claim=claim, state=JobState.RUNNING).first()
        if job is None:
            raise CommandError(f"Job {job_id} is not claimed by {claim}: nothing to do.")
        signal.signal(signal.SIGTERM, _shut_down)
        try:
            job_execute(job)
        except ShutDown:
            job_release(job)
            return
        async_task("uno_site.jobs.tasks.dispatch")
