"""A person's queue: which of their interactions were, or are to be, learned from, and by what."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from uno_site.base_models import UUIDModel


class Mask(models.TextChoices):
    """Why an interaction teaches nothing (the keys of :data:`training.ml.rows.MASKS`)."""

    NONE = "", "It asks for something"
    SATISFIED = "satisfied", "The user was content"
    IRRELEVANT = "irrelevant", "About something else"


class InteractionQuerySet(models.QuerySet):
    """Interactions of one person or of all."""

    def visible_to(self, user: Any) -> InteractionQuerySet:
        """The rows that ``user`` may see: their own, whatever their role."""
        return self.filter(user=user)

    def waiting(self) -> InteractionQuerySet:
        """Those that no adapter has learned yet; what a failed run had taken waits again."""
        is_free = Q(run=None) | Q(run__state__in=("failed", "cancelled"))
        return self.filter(is_free, mask=Mask.NONE, reply__isnull=False)

    def waiting_for_all(self) -> InteractionQuerySet:
        """Those of people who agree that the shared adapter has not learned yet, oldest first."""
        is_free = Q(shared_run=None) | Q(shared_run__state__in=("failed", "cancelled"))
        return self.agreed().filter(is_free, mask=Mask.NONE).order_by("created_at")

    def agreed(self) -> InteractionQuerySet:
        """Those that may be in the shared adapter: still there, and their person still agrees."""
        return self.filter(
            reply__isnull=False,
            reply__is_withdrawn=False,
            user__is_active=True,
            user__training_consent=True,
        )

    def gone(self) -> InteractionQuerySet:
        """Those whose reply was deleted, or taken out of the learning by its owner."""
        return self.filter(Q(reply=None) | Q(reply__is_withdrawn=True))


class Interaction(UUIDModel):
    """One reply and what its owner said next (arXiv 2603.12273).

    The texts stay with the messages, so that nothing is left where these are deleted;
    ``reply_key`` remembers which reply it was. ``run`` is the run of the person's own adapter
    that learned from it, ``shared_run`` that of the shared one.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="interactions"
    )
    reply = models.OneToOneField(
        "chat.Message", on_delete=models.SET_NULL, null=True, related_name="interaction"
    )
    reply_key = models.UUIDField(unique=True)
    mask = models.CharField(max_length=12, choices=Mask, default=Mask.NONE, blank=True)
    has_sampled_ids = models.BooleanField(default=False)
    run = models.ForeignKey(
        "training.TrainingRun",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="interactions",
    )
    shared_run = models.ForeignKey(
        "training.TrainingRun",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="shared_interactions",
    )
    created_at = models.DateTimeField()

    objects = InteractionQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["user", "created_at"], name="interaction_of_user")]

    def __str__(self) -> str:
        return f"Interaction {self.reply_key}"
