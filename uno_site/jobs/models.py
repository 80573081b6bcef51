"""Background work: one row per job, with its state, progress and log."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


ACTIVE_STATES = (JobState.QUEUED, JobState.RUNNING)


class JobQuerySet(models.QuerySet):
    """Jobs."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """Curators and admins see all jobs, others none."""
        return self.all() if getattr(user, "is_curator", False) else self.none()


class Job(TimestampedModel):
    """One piece of background work.

    ``kind`` names a handler in :mod:`uno_site.jobs.registry`; ``progress`` is in [0, 1];
    ``heartbeat_at`` is renewed by the process that does the work, so that another can take
    up the work of a dead one.
    """

    kind = models.CharField(max_length=60, db_index=True)
    queue = models.CharField(max_length=20, default="default")
    params = models.JSONField(default=dict, blank=True)
    state = models.CharField(
        max_length=10, choices=JobState, default=JobState.QUEUED, db_index=True
    )
    progress = models.FloatField(default=0.0)
    message = models.CharField(max_length=300, blank=True)
    eta_seconds = models.FloatField(null=True, blank=True)
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    attempts = models.PositiveIntegerField(default=0)
    is_cancel_requested = models.BooleanField(default=False)
    claim = models.CharField(max_length=36, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def title(self) -> str:
        """What the job does, in words."""
        from .registry import title_of

        return title_of(self.kind)

    @property
    def seconds(self) -> float | None:
        """How long it worked, in seconds; None before it started."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def percent(self) -> int:
        """Progress as a whole number in [0, 100]."""
        return round(self.progress * 100)

    @property
    def is_active(self) -> bool:
        """Whether it still waits or works."""
        return self.state in ACTIVE_STATES
