"""Reading the store: which notes a question gets, and a person's own notes."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Case, Q, QuerySet, When
from numpy.typing import ArrayLike

from chat.experience.ml.ranking import (
    DEFAULT_GATE,
    N_CANDIDATES,
    Candidate,
    Gate,
    Ranked,
    applies,
    rank,
)
from chat.experience.models import WIDE, Experience, Kind, Scope
from chat.experience.store import pgvector
from chat.experience.store.memory import MemoryStore, memory_store
from chat.experience.store.pgvector import PgVectorStore
from chat.experience.store.scopes import ScopeKey, scopes_of
from uno_site.engine_clients import embedder_name
from uno_site.inference.protocol import FloatArray

#: What a candidate is made of, in its order.
_READ = ("pk", "trigger", "content", "helpful", "harmful", "matching", "kind", "content_vector")
#: So many of the notes that do not go by likeness are looked at for a person.
N_WIDE = 200


def store() -> MemoryStore | PgVectorStore:
    """The store that this database has: one selector, the same results."""
    return PgVectorStore() if pgvector.is_there() else memory_store


def candidates_for(user: Any, embedding: ArrayLike, *, n: int = N_CANDIDATES) -> list[Candidate]:
    """The notes nearest to a question of ``user``, the nearest first.

    Only the person's scopes are searched; and what is found is read from the database with the
    same conditions once more, so that nothing is shown that is not theirs to see now.

    Parameters
    ----------
    embedding
        [d] embedding of the question; it is normalised here.
    """
    query = _unit(embedding)
    if not query.any():
        return []
    scopes = scopes_of(user)
    hits = store().nearest(scopes, query, embedder=embedder_name(), n=n)
    # The scope is compared here: asked for it, SQLite would begin with all notes of everybody.
    rows = Experience.objects.serving().undisputed_by(user).filter(pk__in=[key for key, _ in hits])
    named = rows.order_by().values_list(*_READ, "scope", "owner_id", "group_id")
    found = {
        key: read
        for key, *read, scope, owner, group in named
        if ScopeKey(scope, owner or group) in scopes
    }
    return [_candidate(key, cosine, query, *found[key]) for key, cosine in hits if key in found]


def _unit(embedding: ArrayLike) -> FloatArray:
    """An embedding [d] at length 1; one of length 0 as it is."""
    query = np.asarray(embedding, np.float32)
    return query / (float(np.linalg.norm(query)) or 1.0)


def _candidate(key: UUID, cosine: float, query: FloatArray, *read: Any) -> Candidate:
    """A note as ranking sees it; what a fact says is compared with the question as well."""
    *told, kind, vector = read
    support = float(unit_vector(vector) @ query) if kind == Kind.FACT and vector else None
    return Candidate(key, cosine, *told, support=support)


def candidate_of(note: Experience, query: FloatArray) -> Candidate:
    """A note as ranking sees it for a question (unit vector [d])."""
    read = [getattr(note, name) for name in _READ[1:]]
    return _candidate(note.pk, float(note.vector_array @ query), query, *read)


def unit_vector(data: Any) -> FloatArray:
    """The vector [d] of a column."""
    return np.frombuffer(bytes(data), "<f4")


def wide_notes(user: Any) -> QuerySet[Experience]:
    """The notes for ``user`` that do not go by likeness: by words, and for every question.

    Their own come first, then their groups', then everybody's; the latest first.
    """
    # Each scope by itself, so that each is found by the index.
    scopes = [scope.condition() & Q(matching__in=WIDE) for scope in scopes_of(user)]
    rows = Experience.objects.serving().filter(reduce(or_, scopes), embedder=embedder_name())
    nearest_first = Case(
        When(scope=Scope.PRIVATE, then=0), When(scope=Scope.GROUP, then=1), default=2
    )
    return rows.exclude(vector=None).order_by(nearest_first, "-created_at", "pk")


def wide_candidates_for(user: Any, question: str, embedding: ArrayLike) -> list[Candidate]:
    """Those of them that are meant for a question."""
    query = _unit(embedding)
    rows = wide_notes(user).undisputed_by(user).values_list("vector", *_READ)[:N_WIDE]
    found = [
        _candidate(key, float(unit_vector(vector) @ query), query, *read)
        for vector, key, *read in rows
    ]
    return [item for item in found if applies(question, item.trigger, item.matching)]


def notes_for(
    user: Any, question: str, embedding: ArrayLike, *, gate: Gate = DEFAULT_GATE
) -> list[Ranked]:
    """The notes that the reply to a question of ``user`` is shown, in their order."""
    near = candidates_for(user, embedding)
    known = {item.id for item in near}
    wide = wide_candidates_for(user, question, embedding)
    return rank(question, [*near, *(item for item in wide if item.id not in known)], gate)
