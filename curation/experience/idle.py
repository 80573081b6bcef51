"""Is the engine free? Learning waits for people, never the other way round."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from chat.models import Message, MessageState
from uno_site.engine_clients import served_client
from uno_site.inference.errors import InferenceError

FRESH = timedelta(seconds=30)
"""A reply whose process has not been heard of for so long keeps nobody waiting."""


def is_engine_busy() -> bool:
    """Whether somebody waits for a reply, a replica has work, or none answers."""
    waiting = Message.objects.filter(
        state=MessageState.GENERATING, heartbeat_at__gte=timezone.now() - FRESH
    )
    if waiting.exists():
        return True
    try:
        health = served_client().health()
    except InferenceError:
        return True
    return bool(health.n_active or health.n_queued)
