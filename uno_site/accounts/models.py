"""Who may do what, and what each person agreed to."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import UUIDModel

INVITATION_DAYS = 14


class Role(models.TextChoices):
    """What a person may do. Each role includes the ones before it."""

    USER = "user", _("User")
    CURATOR = "curator", _("Curator")
    ADMIN = "admin", _("Admin")


class User(UUIDModel, AbstractUser):
    """A person. ``training_consent`` is None until the question was answered.

    ``language`` is that of the pages; empty leaves it to what the browser asks for.

    ``wants_personal_adapter`` is a second, separate consent: an adapter of their own learns from
    their chats, and answers them. It means nothing without ``training_consent``.
    ``wants_preferences``: what their own edits say is put before their questions; nobody else's.
    ``daily_messages`` and ``daily_tokens`` are a quota of their own (0: no limit); None leaves
    them that of their role.
    """

    role = models.CharField(max_length=10, choices=Role, default=Role.USER)
    training_consent = models.BooleanField(null=True, default=None)
    consent_changed_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True, choices=settings.LANGUAGES)
    wants_personal_adapter = models.BooleanField(default=False)
    wants_preferences = models.BooleanField(default=False)
    daily_messages = models.PositiveIntegerField(null=True, blank=True)
    daily_tokens = models.PositiveIntegerField(null=True, blank=True)

    objects = UserManager()

    @property
    def is_curator(self) -> bool:
        """Whether this person may review and manage training data."""
        return self.role in (Role.CURATOR, Role.ADMIN)

    @property
    def has_personal_adapter_on(self) -> bool:
        """Whether their own adapter may learn and answer: both consents, and an active account."""
        return bool(self.is_active and self.training_consent and self.wants_personal_adapter)

    @property
    def is_admin(self) -> bool:
        """Whether this person may train, promote and administer."""
        return self.role == Role.ADMIN


class DailyUsage(UUIDModel):
    """What a person asked for on one day (UTC), in the chat and by the API together."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="daily_usage")
    day = models.DateField()
    n_messages = models.PositiveIntegerField(default=0)
    n_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-day"]
        verbose_name_plural = "daily usage"
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="one_daily_usage_a_person")
        ]


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


class Scope(models.TextChoices):
    """What an API key may be used for."""

    CHAT = "chat", _("Chat completions")
    EMBEDDINGS = "embeddings", _("Embeddings")
    FEEDBACK = "feedback", _("Feedback")


class ApiKeyQuerySet(models.QuerySet):
    """API keys."""

    def visible_to(self, user: Any) -> ApiKeyQuerySet:
        """The keys that ``user`` may see: their own; admins see all."""
        return self.all() if user.is_admin else self.filter(user=user)

    def usable(self) -> ApiKeyQuerySet:
        """Keys that still let somebody in."""
        is_current = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
        return self.filter(is_current, revoked_at__isnull=True, user__is_active=True)


class ApiKey(UUIDModel):
    """A person's key to the public API.

    Kept are the SHA-256 ``digest`` of the key, and its first characters to know it by.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_usable(self) -> bool:
        """Whether it still lets somebody in."""
        return self.revoked_at is None and not self.is_expired

    @property
    def scope_labels(self) -> list[str]:
        """What it may be used for, in words."""
        return [Scope(scope).label for scope in self.scopes]


class ApiUsage(UUIDModel):
    """What one key was used for on one day (UTC)."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="usage")
    day = models.DateField()
    n_requests = models.PositiveBigIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-day"]
        verbose_name_plural = "API usage"
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="one_usage_row_a_day")]
