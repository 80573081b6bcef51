"""Frozen logs (UNO §1)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models import Message
from uno_site.base_models import TimestampedModel

from .base import CuratedQuerySet


class EntryState(models.TextChoices):
    PENDING = "pending", _("Waiting to be distilled")
    DISTILLED = "distilled", _("Distilled")
    NO_RULES = "no_rules", _("Nothing to learn")
    FAILED = "failed", _("Failed")


class EntryQuerySet(CuratedQuerySet):
    """Log entries."""

    def visible_to(self, user: Any) -> EntryQuerySet:
        """The entries that ``user`` may see, of people who agree."""
        return super().visible_to(user).consented()

    def consented(self) -> EntryQuerySet:
        """Entries whose person has agreed, and not withdrawn, or that were imported."""
        return self.filter(Q(user__isnull=True) | Q(user__training_consent=True))

    def usable(self) -> EntryQuerySet:
        """Entries that may become training material."""
        return self.consented().filter(is_excluded=False, state=EntryState.DISTILLED)


def unread() -> dict[str, Any]:
    """The columns of an entry of which nothing has been made yet."""
    return {
        "state": EntryState.PENDING,
        "flags": [],
        "claim": "",
        "claimed_at": None,
        "query_embedding": None,
        "rules_embedding": None,
        "has_new_rules": False,
        "cluster": None,
        "cluster_distance": None,
        "gap": None,
    }


class LogEntry(TimestampedModel):
    """A frozen log: query, first response, feedback (UNO §1).

    ``messages`` is the context that ends with the user's query, ``feedback`` a list of
    ``{"kind": thumb|reason|comment|follow_up|edit, "text": str}`` in the order it came, and
    ``correction`` the user's own better answer, where there is one. ``feedback_kinds`` counts the
    sentences of its comments and follow-ups by :data:`curation.ml.classifier.SentenceKind`; None
    where nobody looked. ``has_new_rules``: its rules were decided on since ``rules_embedding`` was
    made, which holds until the next clustering makes it anew.
    """

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="log_entries"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="log_entries",
    )
    source = models.CharField(max_length=120, default="chat", db_index=True)
    external_id = models.CharField(max_length=120, blank=True)
    content_hash = models.CharField(max_length=64, db_index=True)
    messages = models.JSONField()
    query = models.TextField()
    response = models.TextField()
    feedback = models.JSONField(default=list)
    correction = models.TextField(null=True, blank=True)
    preferred_sibling = models.TextField(null=True, blank=True)
    label = models.CharField(max_length=30, blank=True)
    language = models.CharField(max_length=10, blank=True)
    licence = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=200, blank=True)
    adapter = models.CharField(max_length=120, blank=True)

    state = models.CharField(
        max_length=10, choices=EntryState, default=EntryState.PENDING, db_index=True
    )
    flags = models.JSONField(default=list, blank=True)
    error = models.TextField(blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=36, blank=True)
    is_excluded = models.BooleanField(default=False)
    excluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    query_embedding = models.BinaryField(null=True, blank=True)
    rules_embedding = models.BinaryField(null=True, blank=True)
    has_new_rules = models.BooleanField(default=False)
    embedder = models.CharField(max_length=120, blank=True)
    cluster = models.ForeignKey(
        "Cluster", on_delete=models.SET_NULL, null=True, blank=True, related_name="entries"
    )
    cluster_distance = models.FloatField(null=True, blank=True)
    gap = models.FloatField(null=True, blank=True)
    feedback_kinds = models.JSONField(null=True, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "log entries"
        # The rows are long: counts and consent are read from these alone.
        indexes = [
            models.Index(
                fields=["id", "user", "is_excluded", "state", "cluster"], name="entry_standing"
            ),
            models.Index(
                fields=["cluster", "state", "is_excluded", "user"], name="entry_of_cluster"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="one_entry_per_external_id",
            ),
            models.UniqueConstraint(
                fields=["message"], condition=Q(message__isnull=False), name="one_entry_per_message"
            ),
        ]

    def __str__(self) -> str:
        return self.query[:60]
