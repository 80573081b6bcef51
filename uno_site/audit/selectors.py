"""Reading the audit trail of one thing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from .models import AuditEvent


def events_about(subjects: Iterable[Any]) -> QuerySet[AuditEvent]:
    """Everything that was done to the given rows, the latest first."""
    ids = [subject.pk for subject in subjects]
    return AuditEvent.objects.filter(subject_id__in=ids).select_related("actor").order_by("-at")
