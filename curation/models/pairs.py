"""Revised answers and preference pairs (UNO §1)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel, UUIDModel

from .base import EntryPartQuerySet, Provenance
from .entries import LogEntry
from .reviewed import Reviewed


class Candidate(UUIDModel, Provenance):
    """A revised answer, with the judge's score (UNO §1)."""

    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="candidates")
    text = models.TextField()
    seed = models.IntegerField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    judge = models.CharField(max_length=60, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-score"]


class PairSource(models.TextChoices):
    """Where ``chosen`` comes from, best first."""

    USER_EDIT = "user_edit", _("The user's own edit")
    REGENERATED = "regenerated", _("A regenerated reply the user preferred")
    REVISION = "revision", _("A judged revision")


class PreferencePair(TimestampedModel, Provenance, Reviewed):
    """(prompt, chosen, rejected); the prompt is the entry's ``messages``."""

    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="pairs")
    source = models.CharField(max_length=12, choices=PairSource)
    chosen = models.TextField()
    rejected = models.TextField()
    original_chosen = models.TextField(blank=True)
    score = models.FloatField(null=True, blank=True)

    objects = EntryPartQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(fields=["state", "skipped_at", "created_at"], name="pair_review_queue"),
            models.Index(fields=["state", "entry"], name="pair_entry_in_state"),
            models.Index(fields=["state", "-reviewed_at", "-created_at"], name="pair_decided"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["entry", "source"], name="one_pair_per_source")
        ]

    @property
    def is_human(self) -> bool:
        """Whether a person, not a model, said that ``chosen`` is better."""
        return self.source in (PairSource.USER_EDIT, PairSource.REGENERATED)
