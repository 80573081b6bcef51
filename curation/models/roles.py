"""The jobs that models do inside the loop, and how each was checked."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel, UUIDModel


class RoleName(models.TextChoices):
    """The jobs that a model does inside the loop."""

    DISTILLER = "distiller", _("Distiller")
    REVISER = "reviser", _("Reviser")
    JUDGE = "judge", _("Judge")
    GAP_SCORER = "gap_scorer", _("Gap scorer")
    CRITIC = "critic", _("Critic")


class RoleBinding(TimestampedModel):
    """Which model does a role, and which strategy its last checks left standing.

    ``engine_url`` empty means the served model. ``requested`` is "auto" (the first strategy
    that passes its check, in the order of :data:`curation.roles.STRATEGIES`) or one strategy.
    """

    role = models.CharField(max_length=12, choices=RoleName, unique=True)
    engine_url = models.URLField(blank=True)
    engine_token = models.CharField(max_length=200, blank=True)
    model = models.CharField(max_length=200, blank=True)
    requested = models.CharField(max_length=30, default="auto")
    active = models.CharField(max_length=30, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["role"]


class RoleCheck(UUIDModel):
    """One strategy's result on its labelled check: ``figure`` in [0, 1] with its interval.

    ``measures`` are further figures to show, each ``{"label", "value", "low", "high", "n"}``;
    ``calibration`` is the ``{"weight", "bias"}`` that the check fitted, where it fitted one;
    ``had_prior_rules`` says whether there were any when a gap scorer was checked.
    """

    binding = models.ForeignKey(RoleBinding, on_delete=models.CASCADE, related_name="checks")
    strategy = models.CharField(max_length=30)
    model = models.CharField(max_length=200, blank=True)
    metric = models.CharField(max_length=60)
    figure = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.PositiveIntegerField(default=0)
    bar = models.FloatField()
    has_passed = models.BooleanField()
    detail = models.TextField(blank=True)
    measures = models.JSONField(default=list, blank=True)
    calibration = models.JSONField(default=dict, blank=True)
    had_prior_rules = models.BooleanField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
