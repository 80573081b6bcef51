"""Notes that stand near a new one, among those that serve the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.experience.models import Experience, Status
from curation.ml.experience.conflicts import Note, conflict
from curation.ml.experience.wording import same_saying
from curation.services.embedding import embedder_name
from curation.vectors import unpack_rows
from uno_site.engine_clients import served_client

LIVE = (Status.ACTIVE, Status.CANDIDATE)
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a new note meets: one that says the ``same`` already, and those it contradicts."""

    same: Experience | None
    opposed: tuple[Experience, ...]


def live_rows(user: Any) -> Sequence[Experience]:
    """The notes that stand for a person now, their own and shared ones, in today's embedding."""
    rows = Experience.objects.in_scope_of(user).filter(
        status__in=LIVE, invalid_at=None, embedder=embedder_name(), vector__isnull=False
    )
    return list(rows.order_by("created_at"))


def neighbours_find(
    note: Note,
    trigger: FloatArray,
    content: FloatArray,
    rows: Sequence[Experience],
    *,
    merge_at: float,
    conflict_at: float,
) -> Neighbours:
    """Compare a note (unit vectors [d] of its trigger and content) with the rows of a person."""
    if not rows:
        return Neighbours(None, ())
    cosines = unpack_rows(row.vector for row in rows) @ trigger
    near = [rows[at] for at in np.flatnonzero(cosines >= conflict_at)]
    if not near:
        return Neighbours(None, ())
    contents = served_client().embed([row.content for row in near]) @ content
    by_key = {row.pk: cosine for row, cosine in zip(rows, cosines, strict=True)}
    same, opposed = None, []
    for row, cosine in zip(near, contents, strict=True):
        if conflict(Note(row.trigger, row.content), note):
            opposed.append(row)
        elif same is None and same_saying(
            row.content, note.content, is_near=min(cosine, by_key[row.pk]) >= merge_at
        ):
            same = row
    return Neighbours(same, tuple(opposed))
