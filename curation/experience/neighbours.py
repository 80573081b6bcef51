"""Notes that stand near a new one, among those that serve the same person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.experience.ml.ranking import applies
from chat.experience.models import Experience, Matching, Status
from chat.experience.selectors import N_WIDE, store, wide_notes
from chat.experience.store.scopes import scopes_of
from curation.ml.experience.conflicts import Note, conflict
from curation.ml.experience.wording import same_saying
from uno_site.engine_clients import embedder_name, served_client

N_NEAREST = 64
LIVE = (Status.ACTIVE, Status.CANDIDATE)
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a new note meets: one that says the ``same`` already, and those it contradicts."""

    same: Experience | None
    opposed: tuple[Experience, ...]


def neighbours_find(
    note: Note,
    trigger: FloatArray,
    content: FloatArray,
    *,
    user: Any,
    merge_at: float,
    conflict_at: float,
) -> Neighbours:
    """Compare a note (unit vectors [d] of its trigger and content) with what stands for a person:
    their own notes, and shared ones; those about like questions, and those for all of the sort."""
    near = [*_near(user, trigger, conflict_at), *_meant(user, note.trigger)]
    if not near:
        return Neighbours(None, ())
    contents = served_client().embed([row.content for row, _ in near]) @ content
    same, opposed = None, []
    for (row, cosine), alike in zip(near, contents, strict=True):
        if conflict(Note(row.trigger, row.content), note):
            opposed.append(row)
        elif same is None and same_saying(
            row.content, note.content, is_near=min(cosine, alike) >= merge_at
        ):
            same = row
    return Neighbours(same, tuple(opposed))


def _near(user: Any, trigger: FloatArray, at: float) -> list[tuple[Experience, float]]:
    """The notes whose trigger is near, the nearest first, with cosines."""
    hits = store().nearest(scopes_of(user), trigger, embedder=embedder_name(), n=N_NEAREST)
    cosines = {key: cosine for key, cosine in hits if cosine >= at}
    rows = Experience.objects.serving().in_scope_of(user).in_bulk(list(cosines))
    return [
        (rows[key], cosine)
        for key, cosine in cosines.items()
        if key in rows and rows[key].matching == Matching.MEANING
    ]


def _meant(user: Any, question: str) -> list[tuple[Experience, float]]:
    """The notes that are for the question by its words, or for every one: nearer is none."""
    rows = wide_notes(user)[:N_WIDE]
    return [(row, 1.0) for row in rows if applies(question, row.trigger, row.matching)]
