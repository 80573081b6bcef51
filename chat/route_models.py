"""The routes that are served: published tables, each with a route for every cluster."""

from __future__ import annotations

import numpy as np
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel, UUIDModel


class RouteTable(UUIDModel):
    """A published version of all routes. It is never changed; rolling back publishes again."""

    version = models.PositiveIntegerField(unique=True)
    is_active = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="one_active_route_table"
            )
        ]

    def __str__(self) -> str:
        return f"Routes v{self.version}"


class RouteKind(models.TextChoices):
    """How a query is answered (UNO §6)."""

    EXPERT = "expert", _("Expert")
    CRITIC = "critic", _("Critic")
    BASE = "base", _("Base model")


class ServedRouteQuerySet(models.QuerySet):
    """Routes of one table or of many."""

    def settled(self) -> ServedRouteQuerySet:
        """Each cluster's own route."""
        return self.filter(canary_percent=None)

    def canaries(self) -> ServedRouteQuerySet:
        """The routes that answer a share of a cluster's conversations first."""
        return self.exclude(canary_percent=None)


class ServedRoute(UUIDModel):
    """One cluster's way to an answer, as published: everything that serving needs.

    ``cluster_id`` and ``adapter_id`` are opaque here: the chat knows nothing of curation
    or training. ``centroid`` is float32, little-endian, in query space. ``canary_percent`` is
    set on a second route of the cluster, which answers that share of its conversations (1 to
    99 %); the settled route answers the rest.
    """

    table = models.ForeignKey(RouteTable, on_delete=models.CASCADE, related_name="routes")
    cluster_id = models.UUIDField(db_index=True)
    cluster_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=RouteKind, default=RouteKind.BASE)
    centroid = models.BinaryField()
    distance_limit = models.FloatField(null=True, blank=True)
    adapter_id = models.UUIDField(null=True, blank=True)
    adapter_name = models.CharField(max_length=120, blank=True)
    adapter_version = models.PositiveIntegerField(null=True, blank=True)
    adapter_path = models.CharField(max_length=500, blank=True)
    rules = models.JSONField(default=list, blank=True)
    canary_percent = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = ServedRouteQuerySet.as_manager()

    class Meta:
        ordering = ["cluster_name", F("canary_percent").asc(nulls_first=True)]
        constraints = [
            models.UniqueConstraint(
                fields=["table", "cluster_id"],
                condition=Q(canary_percent=None),
                name="one_route_per_cluster",
            ),
            models.UniqueConstraint(
                fields=["table", "cluster_id"],
                condition=~Q(canary_percent=None),
                name="one_canary_per_cluster",
            ),
            models.CheckConstraint(
                condition=Q(canary_percent=None) | Q(canary_percent__range=(1, 99)),
                name="canary_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(kind="base") | ~Q(adapter_name=""), name="route_has_its_adapter"
            ),
        ]

    @property
    def centroid_vector(self) -> np.ndarray:
        """The centroid, shape [d], float32."""
        return np.frombuffer(bytes(self.centroid), dtype="<f4")


class SharedRoute(TimestampedModel):
    """The shared adapter, as published: it answers where the base model would have.

    There is one at most (``scope`` is always the same); as in :class:`ServedRoute` the adapter
    is opaque.
    """

    scope = models.CharField(max_length=10, default="everybody", unique=True, editable=False)
    adapter_id = models.UUIDField()
    adapter_name = models.CharField(max_length=120)
    adapter_version = models.PositiveIntegerField()
    adapter_path = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.adapter_name
