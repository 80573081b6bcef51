"""Instructions found in feedback, and prior rules (UNO §1)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel

from .base import EntryPartQuerySet, Provenance
from .entries import LogEntry
from .reviewed import Reviewed


class RuleKind(models.TextChoices):
    FEEDBACK = "feedback", _("From feedback")
    PRIOR = "prior", _("Prior (what the model would think of by itself)")


class Rule(TimestampedModel, Provenance, Reviewed):
    """One instruction that the feedback of one entry contains, or one of its prior rules.

    ``original_text`` is what the distiller wrote, when a curator has edited ``text``;
    ``embedding`` (of ``text``) is there once the rule was compared with the others.
    """

    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=10, choices=RuleKind, default=RuleKind.FEEDBACK)
    text = models.TextField()
    original_text = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged"
    )
    novelty = models.FloatField(null=True, blank=True)
    embedding = models.BinaryField(null=True, blank=True)

    objects = EntryPartQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "position"]
        indexes = [
            models.Index(fields=["state", "skipped_at", "created_at"], name="rule_review_queue"),
            models.Index(fields=["state", "-reviewed_at", "-created_at"], name="rule_decided"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
