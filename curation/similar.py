"""Entries that ask something alike: an exact search over the stored embeddings."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from curation.models import LogEntry
from curation.vectors import unpack_rows, unpack_vector

N_SIMILAR = 8
CHUNK = 5_000
"""Embeddings held at once: 8 MB of 384 numbers each."""


@dataclass(frozen=True, slots=True)
class Similar:
    """An entry and the cosine of its query with another's, in [-1, 1]."""

    entry: LogEntry
    cosine: float


def similar_entries(user: Any, entry: LogEntry, n: int = N_SIMILAR) -> list[Similar]:
    """The ``n`` entries that ``user`` may see whose queries are most like the entry's.

    Only vectors of the same embedder are compared; none where the entry has no vector yet.
    """
    if not entry.query_embedding:
        return []
    others = LogEntry.objects.visible_to(user).filter(
        embedder=entry.embedder, query_embedding__isnull=False
    )
    rows = others.exclude(pk=entry.pk).order_by().values_list("pk", "query_embedding")
    vector = unpack_vector(entry.query_embedding)
    best: list[tuple[float, UUID]] = []
    for chunk in _chunks(rows.iterator(chunk_size=CHUNK)):
        cosines = unpack_rows(data for _, data in chunk) @ vector
        found = zip(cosines.tolist(), (key for key, _ in chunk), strict=True)
        best = heapq.nlargest(n, [*best, *found])
    by_id = LogEntry.objects.select_related("cluster").in_bulk([key for _, key in best])
    return [Similar(by_id[key], cosine) for cosine, key in best if key in by_id]


def _chunks(rows: Iterator[tuple[UUID, bytes]]) -> Iterator[Sequence[tuple[UUID, bytes]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
