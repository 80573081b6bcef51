"""Where entries lie on the cluster map."""

from __future__ import annotations

import uuid

import numpy as np
from django.db import models

from uno_site.base_models import TimestampedModel

from .base import CuratedQuerySet


class ClusterMap(TimestampedModel):
    """Where the entries of the current clusters lie on the map; the latest row counts.

    ``entry_ids`` are their ids (16 bytes each), ``positions`` their places in the same order
    (float32 pairs in [-1, 1]); an entry's index never changes within a row. ``digest`` stands for
    the features that were projected, ``drawn_at`` is since when they are known to be these.
    """

    entry_ids = models.BinaryField()
    positions = models.BinaryField()
    n_entries = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    drawn_at = models.DateTimeField()

    objects = CuratedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        get_latest_by = "created_at"

    def __str__(self) -> str:
        return f"{self.n_entries} entries"

    @property
    def ids(self) -> list[uuid.UUID]:
        """The entries' ids in order."""
        data = bytes(self.entry_ids)
        return [uuid.UUID(bytes=data[at : at + 16]) for at in range(0, len(data), 16)]

    @property
    def places(self) -> np.ndarray:
        """The entries' places, shape [n, 2], float32 in [-1, 1]."""
        return np.frombuffer(bytes(self.positions), dtype="<f4").reshape(-1, 2)
