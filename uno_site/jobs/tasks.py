"""The queue messages: short, and safe to run twice."""

from __future__ import annotations

from .services import jobs_dispatch, jobs_rescue


def dispatch() -> int:
    """Start waiting jobs. Enqueued when a job is queued and when one has ended."""
    return jobs_dispatch()


def watch() -> dict[str, int]:
    """Take up dead processes' jobs and start waiting ones. Scheduled every minute."""
    return {"rescued": jobs_rescue(), "started": jobs_dispatch()}
