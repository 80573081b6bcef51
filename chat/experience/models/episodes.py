"""Where experience comes from: stretches of chats with something to learn, and which note rests
on which of them. Nothing here copies a text; rows point at messages.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel, UUIDModel


class EpisodeState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    DISTILLED = "distilled", _("Learned from")
    NOTHING = "nothing", _("Nothing to learn")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class EpisodeQuerySet(models.QuerySet):
    """Episodes."""

    def visible_to(self, user: Any) -> EpisodeQuerySet:
        """A person's own."""
        return self.filter(user=user)

    def consented(self) -> EpisodeQuerySet:
        """Those whose person agreed to learning and did not take the reply out of it."""
        return self.filter(user__training_consent=True, message__is_withdrawn=False)

    def pending(self) -> EpisodeQuerySet:
        """Those that wait to be distilled, of people who agree, the oldest first."""
        return self.filter(state=EpisodeState.PENDING).consented().order_by("created_at")


class Episode(TimestampedModel):
    """A question, its reply (``message``) and what followed: ``first`` to ``last`` of one branch.

    ``signals`` are ``{"kind": thumb|reason|comment|correction|follow_up|regenerated, "value":
    …}`` without any text of the person's; ``is_success`` sums them up (None: they disagree).
    ``hash`` is over the texts, so that the same stretch is not learned from twice and a changed
    one is learned from anew. A worker claims a row by a conditional update of ``claimed_at``.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="episodes"
    )
    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="episodes"
    )
    message = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="episodes")
    first = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="+")
    last = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="+")
    signals = models.JSONField(default=list)
    is_success = models.BooleanField(null=True)
    state = models.CharField(
        max_length=10, choices=EpisodeState, default=EpisodeState.PENDING, db_index=True
    )
    reason = models.CharField(max_length=300, blank=True)
    hash = models.CharField(max_length=64)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=36, blank=True)

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["message"], name="one_episode_per_message"),
        ]
        indexes = [models.Index(fields=["user", "hash"], name="episode_hash_of_user")]

    def __str__(self) -> str:
        return f"Episode {self.pk}"


class Evidence(UUIDModel):
    """A note rests on a stretch of one message: characters ``start`` to ``end`` of its text.

    ``is_for`` is False where the episode speaks against the note.
    """

    experience = models.ForeignKey("Experience", on_delete=models.CASCADE, related_name="evidence")
    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="evidence")
    message = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="+")
    start = models.PositiveIntegerField(default=0)
    end = models.PositiveIntegerField(default=0)
    is_for = models.BooleanField(default=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at"]
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(
                fields=["experience", "episode", "message", "start", "end"],
                name="one_evidence_per_stretch",
            ),
            models.CheckConstraint(condition=Q(end__gte=F("start")), name="evidence_offsets"),
        ]
