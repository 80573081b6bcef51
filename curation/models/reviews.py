"""What curators say about rules and pairs: blind opinions, comments, and what can be undone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from uno_site.base_models import UUIDModel

from .pairs import PreferencePair
from .reviewed import ReviewState
from .rules import Rule


class OfItem(models.Model):
    """Something about one rule or one pair."""

    rule = models.ForeignKey(
        Rule, on_delete=models.CASCADE, null=True, blank=True, related_name="%(class)ss"
    )
    pair = models.ForeignKey(
        PreferencePair, on_delete=models.CASCADE, null=True, blank=True, related_name="%(class)ss"
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(rule__isnull=True) ^ Q(pair__isnull=True), name="%(class)s_of_one_item"
            )
        ]


class Opinion(UUIDModel, OfItem):
    """One curator's judgement of an item, given without knowing the other's."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="opinions"
    )
    verdict = models.CharField(
        max_length=10,
        choices=[
            (ReviewState.APPROVED, ReviewState.APPROVED.label),
            (ReviewState.REJECTED, ReviewState.REJECTED.label),
        ],
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at"]
        constraints = [
            *OfItem.Meta.constraints,
            models.UniqueConstraint(fields=["rule", "by"], name="one_opinion_on_a_rule"),
            models.UniqueConstraint(fields=["pair", "by"], name="one_opinion_on_a_pair"),
        ]


class Comment(UUIDModel, OfItem):
    """What a curator wrote beside an item for the others."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta(OfItem.Meta):
        abstract = False
        ordering = ["at"]


class ReviewAction(UUIDModel):
    """One decision on one or several items, with how each stood before: it can be undone.

    ``rows`` are ``{"id", "before", "opinions", "state", "updated_at"}``, the last two as the
    action left them; see :mod:`curation.services.review_actions`.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    noun = models.CharField(max_length=10)
    verb = models.CharField(max_length=20)
    rows = models.JSONField(default=list)
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["by", "at"], name="review_action_of_curator")]
