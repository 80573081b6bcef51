"""Reading people, API keys, and what those were used for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from .models import ApiKey, ApiKeyQuerySet, ApiUsage, Role, User

#: How many days of usage the pages show.
USAGE_DAYS = 30
COUNTS = ("n_requests", "prompt_tokens", "completion_tokens")


def curators() -> QuerySet[User]:
    """Everybody who may review, by name."""
    roles = (Role.CURATOR, Role.ADMIN)
    return User.objects.filter(role__in=roles, is_active=True).order_by("username")


def keys_with_usage(keys: ApiKeyQuerySet) -> QuerySet[ApiKey]:
    """``keys``, newest first, each with its ``recent_requests`` of the last :data:`USAGE_DAYS`."""
    recent = Q(usage__day__gt=_first_day())
    counted = keys.annotate(recent_requests=Coalesce(Sum("usage__n_requests", filter=recent), 0))
    return counted.select_related("user").order_by("-created_at")


def usage_by_day(key: ApiKey) -> QuerySet[ApiUsage]:
    """The key's rows of the last :data:`USAGE_DAYS`, newest first; days without use have none."""
    return key.usage.filter(day__gt=_first_day())


def usage_total(key: ApiKey) -> dict[str, int]:
    """The sums of all days, by count."""
    return dict(key.usage.aggregate(**{name: Coalesce(Sum(name), 0) for name in COUNTS}))


def _first_day() -> Any:
    return timezone.now().date() - timedelta(days=USAGE_DAYS)
