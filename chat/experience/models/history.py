"""What happened to notes: their versions, and the nightly runs that keep the store small."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel, UUIDModel


class RefineState(models.TextChoices):
    PLANNED = "planned", _("To be read")
    APPLIED = "applied", _("Applied")
    DECLINED = "declined", _("Declined")
    REVERTED = "reverted", _("Taken back")


class RefineRun(TimestampedModel):
    """One refinement. ``plan`` is the diff that a curator reads before anything is changed: a
    list of ``{"action", "experience", "other", "reason", "before", "after"}``.

    ``params`` are the thresholds it was made with, ``figures`` its counts.
    """

    state = models.CharField(max_length=10, choices=RefineState, default=RefineState.PLANNED)
    scope = models.CharField(max_length=8, blank=True)
    params = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(default=list, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    applied_at = models.DateTimeField(null=True, blank=True)
    reverted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]


class RevisionAction(models.TextChoices):
    CREATED = "created", _("Created")
    EDITED = "edited", _("Edited")
    PINNED = "pinned", _("Pinned")
    UNPINNED = "unpinned", _("Unpinned")
    SWITCHED_OFF = "switched_off", _("Switched off")
    SWITCHED_ON = "switched_on", _("Switched on")
    DISPUTED = "disputed", _("Said to be wrong")
    REVIEWED = "reviewed", _("Reviewed")
    PROMOTED = "promoted", _("Shared")
    MERGED = "merged", _("Merged")
    WIDENED = "widened", _("For more questions")
    CONTRADICTED = "contradicted", _("Contradicted")
    QUARANTINED = "quarantined", _("Set aside")
    ARCHIVED = "archived", _("Archived")
    RESTORED = "restored", _("Restored")
    RETIRED = "retired", _("Learned by an adapter")
    IMPORTED = "imported", _("Imported")
    REDISTILLED = "redistilled", _("Distilled anew")


class Revision(UUIDModel):
    """One change of a note: the fields that changed, as they were and as they are."""

    experience = models.ForeignKey("Experience", on_delete=models.CASCADE, related_name="revisions")
    action = models.CharField(max_length=12, choices=RevisionAction)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    run = models.ForeignKey(
        RefineRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="revisions"
    )
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["experience", "-at"], name="experience_revision_latest")]
