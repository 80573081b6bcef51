"""The record of decisions: who did what to which thing, and when."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from uno_site.base_models import UUIDModel


class AuditEvent(UUIDModel):
    """One decision. ``subject_id`` is the thing's id; ``data`` holds before and after."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=60, db_index=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField(db_index=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at"]
