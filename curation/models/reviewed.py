"""What a curator decides on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ReviewState(models.TextChoices):
    PROPOSED = "proposed", _("To review")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    MERGED = "merged", _("Merged into another")


class SecondOpinion(models.TextChoices):
    """How far the judging by two curators is, where it was asked for."""

    WANTED = "wanted", _("Second opinion wanted")
    DISPUTED = "disputed", _("Opinions differ")
    SETTLED = "settled", _("Judged twice")


class Reviewed(models.Model):
    """Something a curator decides on. ``flags`` name the checks it failed.

    What ``is_put_back``, because a person took back how it was decided on, waits for a person
    whatever the policy trusts.

    Until ``claimed_until`` it is ``claimed_by``'s to decide on and others' queues skip it.
    """

    state = models.CharField(
        max_length=10, choices=ReviewState, default=ReviewState.PROPOSED, db_index=True
    )
    flags = models.JSONField(default=list, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    skipped_at = models.DateTimeField(null=True, blank=True)
    is_auto_approved = models.BooleanField(default=False)
    is_put_back = models.BooleanField(default=False)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    second_opinion = models.CharField(max_length=8, choices=SecondOpinion, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open_to_opinions(self) -> bool:
        """Whether two curators have been asked and no decision stands yet."""
        return self.second_opinion in (SecondOpinion.WANTED, SecondOpinion.DISPUTED)
