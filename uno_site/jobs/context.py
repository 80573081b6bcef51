"""What a job's handler sees: its parameters, and ways to tell how it is going."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.utils import timezone

from uno_site.errors import UnoError

from .models import Job, JobState

logger = logging.getLogger(__name__)

#: Seconds between writes of progress; a job may report as often as it likes.
WRITE_INTERVAL = 0.5

#: How much of the whole has to be gained before a pace is told, in [0, 1].
MIN_GAIN = 0.02


class JobCancelled(UnoError):
    """Somebody asked the job to stop."""

    code = "job_cancelled"


class JobContext:
    """Progress, log and cancellation of one job at work.

    The row is written at most every :data:`WRITE_INTERVAL` seconds; :meth:`flush` writes
    at once. A context whose claim was taken over by another process raises
    :class:`JobCancelled` from :meth:`check_cancelled`.
    """

    def __init__(self, job: Job, *, echo: bool = False) -> None:
        self.job = job
        self.params: dict[str, Any] = job.params
        self.echo = echo
        self._first: tuple[float, float] | None = None
        self._written = 0.0
        self._pending: dict[str, Any] = {}
        self._lines: list[str] = []

    def progress(
        self, fraction: float, message: str = "", eta_seconds: float | None = None
    ) -> None:
        """Report that ``fraction`` in [0, 1] is done; the time left is estimated if not told.

        The estimate goes by the pace since something was first done: what came before it
        (checks, loading) is over and says nothing about what is left.
        """
        fraction = min(max(fraction, 0.0), 1.0)
        if eta_seconds is None:
            eta_seconds = self._estimate(fraction)
        self._pending |= {"progress": fraction, "eta_seconds": eta_seconds}
        if message:
            self._pending["message"] = message[:300]
        self._write_if_due()

    def _estimate(self, fraction: float) -> float | None:
        """Seconds left at the pace since the first progress; None while there is no pace yet."""
        now = time.monotonic()
        if self._first is None and fraction > 0:
            self._first = (now, fraction)
        if self._first is None:
            return None
        since, done_then = self._first
        gained = fraction - done_then
        return (now - since) * (1 - fraction) / gained if gained > MIN_GAIN else None

    def log(self, line: str) -> None:
        """Append a line to the job's log."""
        logger.info("%s: %s", self.job.kind, line)
        if self.echo:
            print(line, flush=True)  # noqa: T201 - the command line asked for it
        self._lines.append(f"{timezone.now():%H:%M:%S} {line}")
        self._write_if_due()

    def check_cancelled(self) -> None:
        """Raise :class:`JobCancelled` if somebody asked for it or took the job over."""
        self._write_if_due()
        row = Job.objects.filter(pk=self.job.pk).values("is_cancel_requested", "claim").first()
        if row is None or row["is_cancel_requested"]:
            raise JobCancelled("The job was cancelled.")
        if row["claim"] != self.job.claim:
            raise JobCancelled("Another process has taken up this job.")

    def _write_if_due(self) -> None:
        if time.monotonic() - self._written >= WRITE_INTERVAL:
            self.flush()

    def flush(self) -> None:
        """Write progress, log and heartbeat now."""
        self._written = time.monotonic()
        values = {**self._pending, "heartbeat_at": timezone.now()}
        if self._lines:
            self.job.log = "\n".join([*self.job.log.splitlines(), *self._lines][-2000:])
            values["log"] = self.job.log
        self._pending, self._lines = {}, []
        Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING, claim=self.job.claim).update(
            **values, updated_at=timezone.now()
        )
