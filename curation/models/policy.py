"""What passes without a curator, and thresholds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RoutePolicy(models.TextChoices):
    """What says which path a cluster tries first."""

    PAPER = "paper", _("Paper: a high gap tries the critic first")
    EVIDENCE = "evidence", _("Evidence: the path that verification showed to win more often")


class PromotionRule(models.TextChoices):
    """What a win rate must show before an adapter may be promoted."""

    ABOVE_CHANCE = "above_chance", _("At least 0.53, and more than chance with so many prompts")
    PAPER = "paper", _("Paper: at least 0.53")


class CurationPolicy(models.Model):
    """The instance's one curation policy: what passes without a curator, and thresholds."""

    auto_approve_rules = models.JSONField(default=list, blank=True)
    auto_approve_pairs = models.JSONField(default=list, blank=True)
    gap_threshold = models.FloatField(default=0.45)
    clustering_rule = models.CharField(max_length=30, default="size_free")
    recluster_share = models.FloatField(default=0.2)
    route_policy = models.CharField(max_length=20, choices=RoutePolicy, default=RoutePolicy.PAPER)
    promotion_rule = models.CharField(
        max_length=20, choices=PromotionRule, default=PromotionRule.ABOVE_CHANCE
    )
    distil_on_feedback = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    @classmethod
    def current(cls) -> CurationPolicy:
        """The policy, made with the defaults on first use."""
        return cls.objects.get_or_create(pk=1)[0]
