"""Who may do what, and what each person agreed to."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils import timezone

from uno_site.base_models import UUIDModel

INVITATION_DAYS = 14


class Role(models.TextChoices):
    """What a person may do. Each role includes the ones before it."""

    USER = "user", "User"
    CURATOR = "curator", "Curator"
    ADMIN = "admin", "Admin"


class User(UUIDModel, AbstractUser):
    """A person. ``training_consent`` is None until the question was answered."""

    role = models.CharField(max_length=10, choices=Role, default=Role.USER)
    training_consent = models.BooleanField(null=True, default=None)
    consent_changed_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    @property
    def is_curator(self) -> bool:
        """Whether this person may review and manage training data."""
        return self.role in (Role.CURATOR, Role.ADMIN)

    @property
    def is_admin(self) -> bool:
        """Whether this person may train, promote and administer."""
        return self.role == Role.ADMIN


class ConsentEvent(UUIDModel):
    """One answer to the consent question, kept for the record."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consent_events")
    has_consented = models.BooleanField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at"]


def _token() -> str:
    return secrets.token_urlsafe(24)


def _expiry() -> timezone.datetime:
    return timezone.now() + timedelta(days=INVITATION_DAYS)


class Invitation(UUIDModel):
    """A link that lets one person sign up with a given role."""

    token = models.CharField(max_length=64, unique=True, default=_token, editable=False)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.USER)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=_expiry)
    accepted_by = models.OneToOneField(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitation"
    )

    class Meta:
        ordering = ["-created_at"]

    @property
    def is_open(self) -> bool:
        """Whether it may still be accepted."""
        return self.accepted_by_id is None and self.expires_at > timezone.now()
