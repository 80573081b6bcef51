"""Writing the audit trail."""

from __future__ import annotations

from typing import Any

from django.db import models

from .models import AuditEvent


def audit_record(
    *, actor: Any, action: str, subject: models.Model, data: dict[str, Any] | None = None
) -> AuditEvent:
    """Record that ``actor`` (None: the system) did ``action`` ("rule.approve") to ``subject``."""
    return AuditEvent.objects.create(
        actor=actor if getattr(actor, "pk", None) else None,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        data=data or {},
    )
