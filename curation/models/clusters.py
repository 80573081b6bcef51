"""Clusters of entries and their history (UNO §2-3)."""

from __future__ import annotations

import numpy as np
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.models import RouteKind
from uno_site.base_models import TimestampedModel, UUIDModel

from .base import CuratedQuerySet


class ClusterQuerySet(CuratedQuerySet):
    """Clusters."""

    def current(self) -> ClusterQuerySet:
        """Clusters of the latest clustering."""
        return self.filter(retired_at__isnull=True)


class Cluster(TimestampedModel):
    """Entries alike in query and feedback (UNO §2), with their cognitive gap (UNO §3).

    A re-clustering keeps the row (and so the id and the history) of a cluster whose members
    mostly stayed together, and retires the others. ``gap_route`` is what the gap asks for;
    what is served stands in the route table.

    ``centroid`` is the running mean over ``n_members`` queries. Since the last re-clustering
    ``n_joined`` of them came, ``n_beyond`` of these from farther off than the cluster reaches,
    and it moved by ``drift`` (cosine distance, 0 to 2) away from ``anchor``, where it was then.

    A cluster ``is_by_hand`` when a curator merged or split it: clustering anew leaves its members
    together. ``noise_findings`` are all the checks of :mod:`curation.ml.noise` with their values,
    ``noise_reasons`` the sentences of those that make it noise.
    """

    name = models.CharField(max_length=120)
    centroid = models.BinaryField()
    n_members = models.PositiveIntegerField(default=0)
    n_joined = models.PositiveIntegerField(default=0)
    n_beyond = models.PositiveIntegerField(default=0)
    anchor = models.BinaryField(null=True, blank=True)
    drift = models.FloatField(default=0.0)
    distance_limit = models.FloatField(null=True, blank=True)
    params = models.JSONField(default=dict, blank=True)
    gap = models.FloatField(null=True, blank=True)
    gap_scorer = models.CharField(max_length=60, blank=True)
    gap_stats = models.JSONField(default=dict, blank=True)
    gap_route = models.CharField(max_length=10, choices=RouteKind, blank=True)
    is_noise = models.BooleanField(default=False)
    noise_reasons = models.JSONField(default=list, blank=True)
    noise_findings = models.JSONField(default=list, blank=True)
    is_by_hand = models.BooleanField(default=False)
    is_excluded = models.BooleanField(default=False)
    excluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ClusterQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def centroid_vector(self) -> np.ndarray:
        """The centroid in query space, shape [d], float32."""
        return np.frombuffer(bytes(self.centroid), dtype="<f4")

    @property
    def anchor_vector(self) -> np.ndarray:
        """Where the centroid was at the last re-clustering, shape [d], float32."""
        return np.frombuffer(bytes(self.anchor or self.centroid), dtype="<f4")


class ClusterEventKind(models.TextChoices):
    CREATED = "created", _("Created")
    SPLIT = "split", _("Split off")
    JOINED = "joined", _("Entries joined")
    RECLUSTERED = "reclustered", _("Clustered anew")
    REGROUPED = "regrouped", _("Regrouped by a curator")
    MERGED = "merged", _("Merged")
    RETIRED = "retired", _("Retired")


class ClusterEvent(UUIDModel):
    """What happened to a cluster: its history, which outlives every re-clustering.

    ``n_entries`` in the cluster afterwards; ``n_moved`` the entries that the event is about
    (those that joined, or that came from or went to ``other``); ``drift`` the cosine distance
    that the centroid moved by it, None where there was no centroid before or is none after.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=ClusterEventKind)
    other = models.ForeignKey(
        Cluster, on_delete=models.SET_NULL, null=True, blank=True, related_name="events_of_others"
    )
    n_entries = models.PositiveIntegerField(default=0)
    n_moved = models.PositiveIntegerField(default=0)
    drift = models.FloatField(null=True, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    objects = CuratedQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "kind"]

    def __str__(self) -> str:
        return f"{self.cluster}: {self.get_kind_display()}"
