"""Which reply was shown which note, how that went, and who said that a note is wrong."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import UUIDModel


class Outcome(models.TextChoices):
    OPEN = "open", _("Not known yet")
    HELPFUL = "helpful", _("Helped")
    HARMFUL = "harmful", _("Did harm")
    NEUTRAL = "neutral", _("Neither")
    DISPUTED = "disputed", _("Said to be wrong")


class Use(UUIDModel):
    """A note stood before the model when it wrote ``message``.

    ``rank`` counts from 1; ``similarity`` is the cosine of question and trigger, ``score`` what
    it was ranked by. ``outcome_by`` says what settled the outcome: ``thumb``, ``correction``,
    ``comment``, ``next_turn`` or ``dispute``.
    """

    message = models.ForeignKey(
        "chat.Message", on_delete=models.CASCADE, related_name="experience_uses"
    )
    experience = models.ForeignKey("Experience", on_delete=models.CASCADE, related_name="uses")
    rank = models.PositiveSmallIntegerField()
    similarity = models.FloatField()
    score = models.FloatField(default=0.0)
    n_tokens = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.OPEN)
    outcome_by = models.CharField(max_length=12, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["message", "experience"], name="one_use_per_message")
        ]
        indexes = [
            models.Index(
                fields=["message"], condition=Q(outcome="open"), name="experience_use_open"
            ),
            models.Index(fields=["experience", "-at"], name="experience_use_latest"),
        ]


class Dispute(UUIDModel):
    """A person said that a note is wrong, whether or not a reply of theirs was shown it."""

    experience = models.ForeignKey("Experience", on_delete=models.CASCADE, related_name="disputes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="note_disputes"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["experience", "user"], name="one_dispute_per_person")
        ]
