"""What comes from and goes to other deployments, and the record of what was erased."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from uno_site.base_models import TimestampedModel, UUIDModel


class Origin(TimestampedModel):
    """A deployment that we import notes from: while it is off, none of its notes serve.

    ``deployment`` is the id it signs with, ``public_key`` its Ed25519 key, base64.
    """

    name = models.CharField(max_length=120)
    deployment = models.UUIDField(unique=True)
    public_key = models.CharField(max_length=120)
    is_on = models.BooleanField(default=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    last_imported_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tombstone(UUIDModel):
    """A shared note that must not be used any more: ours (``origin`` None), or another's.

    ``row`` is the note's id at the deployment that first shared it.
    """

    row = models.UUIDField()
    origin = models.ForeignKey(
        Origin, on_delete=models.CASCADE, null=True, blank=True, related_name="tombstones"
    )
    reason = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["row"], condition=Q(origin__isnull=True), name="one_tombstone_of_ours"
            ),
            models.UniqueConstraint(
                fields=["row", "origin"],
                condition=Q(origin__isnull=False),
                name="one_tombstone_of_an_origin",
            ),
        ]


class ErasureReceipt(TimestampedModel):
    """What an erasure removed. It names rows and counts; of the person nothing but ``subject``,
    a hash over their id that only whoever has the id can find again.

    ``items`` are ``{"table", "id", "done"}``, ``done`` one of deleted, redistilled, offline,
    flagged. ``finished_at`` is None while something waits to be distilled anew.
    """

    subject = models.CharField(max_length=64, db_index=True)
    reason = models.CharField(max_length=40)
    counts = models.JSONField(default=dict, blank=True)
    items = models.JSONField(default=list, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
