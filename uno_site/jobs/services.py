"""Starting, claiming, finishing, cancelling and retrying jobs.

A job's work runs in a process of its own (``manage.py run_job``) that claims the row by a
conditional update and renews a heartbeat on it. Queue messages only start such processes
and look after them, so neither a queue's time limit nor a dead worker ends the work.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from datetime import timedelta
from typing import Any

import psutil
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, UnoError

from .context import JobCancelled, JobContext
from .models import ACTIVE_STATES, Job, JobState
from .registry import QUEUE_CAPACITY, get_kind

#: A running job that has not renewed its heartbeat for so long is dead.
STALE_AFTER = timedelta(seconds=30)
HEARTBEAT_SECONDS = 5.0


@transaction.atomic
def job_enqueue(*, kind: str, params: dict[str, Any] | None = None, by: Any = None) -> Job:
    """Queue a job; a waiting job of the same kind and parameters is returned instead."""
    spec, params = get_kind(kind), params or {}
    waiting = Job.objects.filter(kind=kind, params=params, state=JobState.QUEUED).first()
    if waiting is not None:
        return waiting
    job = Job(kind=kind, queue=spec.queue, params=params, created_by=by)
    job.full_clean()
    job.save()
    transaction.on_commit(lambda: async_task("uno_site.jobs.tasks.dispatch"))
    return job


def job_claim(job_id: uuid.UUID | str) -> Job | None:
    """Make the queued job ours; None when it is not queued or its queue is full."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        return None
    now, claim = timezone.now(), str(uuid.uuid4())
    with transaction.atomic():
        # Whoever else claims one of them waits here until we have counted and claimed.
        active = Job.objects.filter(queue=job.queue, state__in=ACTIVE_STATES).order_by("pk")
        list(active.select_for_update().values_list("pk", flat=True))
        working = Job.objects.filter(queue=job.queue, state=JobState.RUNNING).count()
        if working >= QUEUE_CAPACITY.get(job.queue, 1):
            return None
        taken = Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(
            state=JobState.RUNNING,
            claim=claim,
            attempts=F("attempts") + 1,
            started_at=now,
            heartbeat_at=now,
            error="",
            finished_at=None,
            updated_at=now,
        )
    return Job.objects.get(pk=job_id) if taken else None


def job_spawn(job: Job) -> None:
    """Start the process that does a claimed job; it outlives the worker that started it."""
    log_dir = settings.DATA_DIR / "logs"
    log_dir.mkdir(parents=True, exist_ok=True)
    with (log_dir / "jobs.log").open("ab") as log:
        subprocess.Popen(
            [
                sys.executable,
                str(settings.BASE_DIR / "manage.py"),
                "run_job",
                str(job.pk),
                job.claim,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=settings.BASE_DIR,
        )


def _heartbeat(job: Job, done: threading.Event) -> None:
    while not done.wait(HEARTBEAT_SECONDS):
        Job.objects.filter(pk=job.pk, claim=job.claim, state=JobState.RUNNING).update(
            heartbeat_at=timezone.now()
        )
    connection.close()


def job_execute(job: Job, *, echo: bool = False, beat: bool = True) -> Job:
    """Do a claimed job in this process and record how it ended."""
    Job.objects.filter(pk=job.pk, claim=job.claim).update(pid=os.getpid())
    context, done = JobContext(job, echo=echo), threading.Event()
    if beat:
        threading.Thread(target=_heartbeat, args=(job, done), daemon=True).start()
    try:
        result = get_kind(job.kind).handler(context)
        outcome: dict[str, Any] = {"state": JobState.SUCCEEDED, "result": result, "progress": 1.0}
    except JobCancelled as error:
        outcome = {"state": JobState.CANCELLED, "error": str(error)}
    except UnoError as error:
        outcome = {"state": JobState.FAILED, "error": str(error)}
    except Exception as error:
        context.log(f"Unexpected {type(error).__name__}: {error}")
        _finish(context, {"state": JobState.FAILED, "error": f"{type(error).__name__}: {error}"})
        raise
    finally:
        done.set()
    return _finish(context, outcome)


def _finish(context: JobContext, outcome: dict[str, Any]) -> Job:
    context.flush()
    job = context.job
    Job.objects.filter(pk=job.pk, claim=job.claim, state=JobState.RUNNING).update(
        **outcome, finished_at=timezone.now(), updated_at=timezone.now(), eta_seconds=None, pid=None
    )
    job.refresh_from_db()
    return job


def job_run_now(
    *, kind: str, params: dict[str, Any] | None = None, by: Any = None, echo: bool = False
) -> Job:
    """Do a job in this process at once: for the command line.

    Raises
    ------
    UnoError
        What the handler raised; the row keeps the error too.
    """
    spec, now = get_kind(kind), timezone.now()
    job = Job.objects.create(
        kind=kind,
        queue=spec.queue,
        params=params or {},
        created_by=by,
        state=JobState.RUNNING,
        claim=str(uuid.uuid4()),
        attempts=1,
        started_at=now,
        heartbeat_at=now,
    )
    # A second connection of the heartbeat thread would not see a test's open transaction.
    job = job_execute(job, echo=echo, beat=not connection.in_atomic_block)
    if job.state != JobState.SUCCEEDED:
        raise UnoError(job.error or f"The job {kind} ended as {job.state}.")
    return job


def job_cancel(*, job: Job, by: Any) -> Job:
    """Ask an active job to stop; a waiting one is cancelled at once."""
    if not job.is_active:
        raise Conflict(
            _("The job has already ended (%(state)s).") % {"state": job.get_state_display()}
        )
    Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(
        state=JobState.CANCELLED, finished_at=timezone.now(), error="Cancelled before it started."
    )
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
        is_cancel_requested=True, message="Stopping…"
    )
    audit_record(actor=by, action="job.cancel", subject=job)
    job.refresh_from_db()
    return job


@transaction.atomic
def job_retry(*, job: Job, by: Any) -> Job:
    """Queue a job that failed or was cancelled once more, with the same parameters.

    Raises
    ------
    Conflict
        It did not fail, or somebody else has queued it again meanwhile.
    """
    ended = Job.objects.filter(pk=job.pk, state__in=(JobState.FAILED, JobState.CANCELLED))
    is_queued = ended.update(
        state=JobState.QUEUED,
        is_cancel_requested=False,
        attempts=0,
        progress=0.0,
        error="",
        message="",
        finished_at=None,
    )
    job.refresh_from_db()
    if not is_queued:
        raise Conflict(
            _("Only a failed or cancelled job can be retried; this one is %(state)s.")
            % {"state": job.state}
        )
    audit_record(actor=by, action="job.retry", subject=job)
    transaction.on_commit(lambda: async_task("uno_site.jobs.tasks.dispatch"))
    return job


def job_release(job: Job) -> None:
    """Put a job back into its queue because its process was asked to end."""
    Job.objects.filter(pk=job.pk, claim=job.claim, state=JobState.RUNNING).update(
        state=JobState.QUEUED,
        claim="",
        pid=None,
        attempts=F("attempts") - 1,
        message="Paused by a shutdown; goes on at the next start.",
    )


def jobs_release_orphans() -> int:
    """At start-up on a single machine: queue again the jobs whose process is gone."""
    orphans = [
        job
        for job in Job.objects.filter(state=JobState.RUNNING)
        if job.pid is None or not psutil.pid_exists(job.pid)
    ]
    for job in orphans:
        job_release(job)
    return len(orphans)


def jobs_rescue() -> int:
    """Queue again the running jobs whose process died; give up after the kind's attempts."""
    dead = Job.objects.filter(state=JobState.RUNNING, heartbeat_at__lt=timezone.now() - STALE_AFTER)
    n_rescued = 0
    for job in dead:
        is_spent = job.attempts >= get_kind(job.kind).max_attempts
        n_rescued += Job.objects.filter(
            pk=job.pk, claim=job.claim, heartbeat_at=job.heartbeat_at
        ).update(
            state=JobState.FAILED if is_spent else JobState.QUEUED,
            claim="",
            pid=None,
            finished_at=timezone.now() if is_spent else None,
            error="Its process died, and so did the attempts before." if is_spent else "",
            message="" if is_spent else "Its process died; taken up again.",
            log=(
                job.log + f"\n{timezone.now():%H:%M:%S} The process that did this job died."
            ).strip(),
        )
    return n_rescued


def jobs_dispatch() -> int:
    """Claim and start as many waiting jobs as their queues have room for."""
    waiting = Job.objects.filter(state=JobState.QUEUED).order_by("created_at")
    n_started = 0
    for job_id in waiting.values_list("pk", flat=True):
        job = job_claim(job_id)
        if job is not None:
            job_spawn(job)
            n_started += 1
    return n_started


def active_jobs(kind_prefix: str = "") -> Any:
    """Jobs that wait or work, newest first."""
    return Job.objects.filter(state__in=ACTIVE_STATES, kind__startswith=kind_prefix)
