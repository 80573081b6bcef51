"""Reading the store: which notes a question gets, and a person's own notes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chat.experience.ml.ranking import DEFAULT_GATE, N_CANDIDATES, Candidate, Gate, Ranked, rank
from chat.experience.models import Experience
from chat.experience.store import pgvector
from chat.experience.store.memory import MemoryStore, memory_store
from chat.experience.store.pgvector import PgVectorStore
from chat.experience.store.scopes import ScopeKey, scopes_of
from uno_site.engine_clients import embedder_name

#: What a candidate is made of, in its order.
_READ = ("pk", "trigger", "content", "helpful", "harmful")


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
    query = np.asarray(embedding, np.float32)
    length = float(np.linalg.norm(query))
    if not length:
        return []
    scopes = scopes_of(user)
    hits = store().nearest(scopes, query / length, embedder=embedder_name(), n=n)
    # The scope is compared here: asked for it, SQLite would begin with all notes of everybody.
    rows = Experience.objects.serving().undisputed_by(user).filter(pk__in=[key for key, _ in hits])
    named = rows.order_by().values_list(*_READ, "scope", "owner_id", "group_id")
    found = {
        key: read
        for key, *read, scope, owner, group in named
        if ScopeKey(scope, owner or group) in scopes
    }
    return [Candidate(key, cosine, *found[key]) for key, cosine in hits if key in found]


def notes_for(
    user: Any, question: str, embedding: ArrayLike, *, gate: Gate = DEFAULT_GATE
) -> list[Ranked]:
    """The notes that the reply to a question of ``user`` is shown, in their order."""
    return rank(question, candidates_for(user, embedding), gate)
