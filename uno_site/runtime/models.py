"""Settings that an admin changed while UNO runs."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from uno_site.base_models import TimestampedModel


class RuntimeSetting(TimestampedModel):
    """A setting that differs from its default; its name is one of
    :data:`uno_site.runtime.options.OPTIONS`."""

    name = models.CharField(max_length=60, unique=True)
    value = models.JSONField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
