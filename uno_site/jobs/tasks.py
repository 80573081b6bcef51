"""The queue messages: short, and safe to run twice."""

from __future__ import annotations

from .registry import get_kind
from .services import active_jobs, job_enqueue, jobs_dispatch, jobs_rescue


def dispatch() -> int:
    """Start waiting jobs. Enqueued when a job is queued and when one has ended."""
    return jobs_dispatch()


def watch() -> dict[str, int]:
    """Take up dead processes' jobs and start waiting ones. Scheduled every minute."""
    return {"rescued": jobs_rescue(), "started": jobs_dispatch()}


def enqueue_if_needed(kind: str) -> str:
    """Queue a scheduled kind of job, unless one is under way or there is nothing to do."""
    spec = get_kind(kind)
    if active_jobs(kind).exists():
        return "already under way"
    if spec.has_work is not None and not spec.has_work():
        return "nothing to do"
    return str(job_enqueue(kind=kind).pk)
