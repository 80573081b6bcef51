"""The default store: each scope's vectors in this process's memory, searched exactly.

Every search first asks the database for its latest change (one look at a primary key). Scopes
are read when they are first asked for, and the ones that were asked for longest ago are let go.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np
from django.db.models import QuerySet

from chat.experience.ml.partition import FloatArray, Partition
from chat.experience.models import Experience
from chat.experience.store.changes import Mark, changes_since
from chat.experience.store.scopes import ScopeKey

#: Vectors kept in memory at most (384 dimensions: 1.5 KB each); one scope may exceed it alone.
MAX_ROWS = 400_000
_CHUNK = 2_000

Hit = tuple[UUID, float]


class MemoryStore:
    """See the module. One for each process: :data:`memory_store`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._partitions: OrderedDict[tuple[ScopeKey, str], Partition] = OrderedDict()
        self._mark = Mark()

    def nearest(
        self, scopes: Sequence[ScopeKey], query: FloatArray, *, embedder: str, n: int
    ) -> list[Hit]:
        """The ``n`` nearest notes of ``scopes``, with cosines, the nearest first."""
        with self._lock:
            self._follow()
            hits = [
                hit
                for scope in scopes
                for hit in self._partition(scope, embedder).nearest(query, n)
            ]
            self._let_go()
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:n]

    def forget(self) -> None:
        """Drop everything at once."""
        with self._lock:
            self._partitions.clear()
            self._mark = Mark()

    def __len__(self) -> int:
        return sum(len(partition) for partition in self._partitions.values())

    def _follow(self) -> None:
        """Be as the database is."""
        changes = changes_since(self._mark)
        if changes is None:
            return
        self._mark = changes.mark
        if changes.ids is None:
            self._partitions.clear()
            return
        for partition in self._partitions.values():
            for key in changes.ids:
                partition.drop(key)
        for scope, embedder in list(self._partitions):
            changed = rows_of(scope, embedder).filter(pk__in=changes.ids)
            for key, vector in changed.values_list("pk", "vector"):
                self._partitions[scope, embedder].put(key, np.frombuffer(bytes(vector), "<f4"))

    def _partition(self, scope: ScopeKey, embedder: str) -> Partition:
        key = (scope, embedder)
        if key not in self._partitions:
            self._partitions[key] = _read(rows_of(scope, embedder))
        self._partitions.move_to_end(key)
        return self._partitions[key]

    def _let_go(self) -> None:
        while len(self) > MAX_ROWS and len(self._partitions) > 1:
            self._partitions.popitem(last=False)


def rows_of(scope: ScopeKey, embedder: str) -> QuerySet[Experience]:
    """The notes of one scope that may be found."""
    found = Experience.objects.searchable().filter(scope.condition(), embedder=embedder)
    return found.exclude(vector=None).order_by()


def _read(rows: QuerySet[Experience]) -> Partition:
    ids: list[UUID] = []
    chunks: list[FloatArray] = []
    for chunk in _chunks(rows.values_list("pk", "vector").iterator(_CHUNK)):
        ids += [key for key, _ in chunk]
        data = b"".join(bytes(vector) for _, vector in chunk)
        chunks.append(np.frombuffer(data, "<f4").reshape(len(chunk), -1))
    return Partition.of(ids, np.concatenate(chunks)) if chunks else Partition()


def _chunks(rows: Iterable[tuple[UUID, bytes]]) -> Iterable[list[tuple[UUID, bytes]]]:
    chunk: list[tuple[UUID, bytes]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


memory_store = MemoryStore()
