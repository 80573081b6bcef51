"""What belongs to one person alone: their served adapter, and the exact tokens of replies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.conf import settings
from django.db import models

from uno_site.base_models import TimestampedModel


class PersonalRoute(TimestampedModel):
    """One person's way to an answer: their own adapter, as published for them alone.

    As in :class:`~chat.route_models.ServedRoute` the adapter is opaque. ``used_at`` is when it
    was last asked for; None once the engine was told to let it go.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="personal_route"
    )
    adapter_id = models.UUIDField()
    adapter_name = models.CharField(max_length=120, unique=True)
    adapter_version = models.PositiveIntegerField()
    adapter_path = models.CharField(max_length=500)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.adapter_name


class ReplyTokens(models.Model):
    """The token ids of a reply as the engine sampled them, end-of-turn included.

    ``model`` is the base model that they belong to; ``ids`` are unsigned 32-bit numbers,
    little-endian: a reply of 100 tokens takes 400 bytes.
    """

    message = models.OneToOneField(
        "chat.Message", on_delete=models.CASCADE, primary_key=True, related_name="tokens"
    )
    model = models.CharField(max_length=200)
    ids = models.BinaryField()

    def __str__(self) -> str:
        return f"Tokens of {self.message_id}"

    @property
    def token_ids(self) -> list[int]:
        """The ids as numbers."""
        return [int(token) for token in np.frombuffer(bytes(self.ids), dtype="<u4")]

    @staticmethod
    def pack(token_ids: Sequence[int]) -> bytes:
        """The value of ``ids``."""
        return np.asarray(token_ids, dtype="<u4").tobytes()
