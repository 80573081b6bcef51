"""What a person's edits say they prefer: short texts that they see and may change (CIPHER)."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings
from django.db import models

from uno_site.base_models import TimestampedModel


class PreferenceQuerySet(models.QuerySet):
    """Preferences of one person."""

    def visible_to(self, user: Any) -> PreferenceQuerySet:
        """The rows that ``user`` may see: their own, whatever their role."""
        return self.filter(user=user)


class Preference(TimestampedModel):
    """One preference of one person, and the question that it was said at.

    ``reply`` is the reply whose edit it was read off; None: the person wrote it here.
    ``is_edited`` where they changed its words since. ``context`` is the question; empty: it
    holds everywhere. ``embedding`` is the context's, float32 little-endian of length 1, by
    ``embedder``; empty until somebody needed it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences"
    )
    reply = models.ForeignKey(
        "chat.Message",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="read_preferences",
    )
    text = models.CharField(max_length=300)
    context = models.TextField(blank=True)
    embedding = models.BinaryField(default=bytes, blank=True)
    embedder = models.CharField(max_length=120, blank=True)
    is_edited = models.BooleanField(default=False)

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["user", "-created_at"], name="preference_of_user")]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="preference_says_something")
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def vector(self) -> np.ndarray:
        """The context's embedding, shape [d], float32; d = 0 where it is not known."""
        return np.frombuffer(bytes(self.embedding), dtype="<f4")
