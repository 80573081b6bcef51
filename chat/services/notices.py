"""Telling people that what they taught is in use. Promotion publishes, the chat's home shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from chat.models import ServedRoute, ShippedNotice


@dataclass(frozen=True, slots=True)
class NoticeSpec:
    """What one person is told about one adapter: ``n_entries`` of their replies trained it."""

    user_id: UUID
    adapter_id: UUID
    cluster_name: str
    n_entries: int


def notices_publish(specs: Iterable[NoticeSpec]) -> None:
    """Publish notices; nobody is told twice of the same adapter."""
    ShippedNotice.objects.bulk_create(
        (
            ShippedNotice(
                user_id=spec.user_id,
                adapter_id=spec.adapter_id,
                cluster_name=spec.cluster_name,
                n_entries=spec.n_entries,
            )
            for spec in specs
        ),
        ignore_conflicts=True,
    )


def notices_take(user: Any) -> list[ShippedNotice]:
    """The notices that ``user`` has not seen, of adapters that are still served; now seen."""
    served = ServedRoute.objects.filter(table__is_active=True).values("adapter_id")
    fresh = ShippedNotice.objects.visible_to(user).filter(
        seen_at__isnull=True, adapter_id__in=served
    )
    notices = list(fresh)
    if notices:
        keys = [notice.pk for notice in notices]
        ShippedNotice.objects.filter(pk__in=keys).update(seen_at=timezone.now())
    return notices
