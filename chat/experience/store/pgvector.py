"""PostgreSQL's store, where its extension ``vector`` is there: the same answers as NumPy's.

A table beside the notes holds the vectors of those that may be found, with their scope. Before a
search it is brought to where the notes are, by the same changes that the memory store follows;
so it does not matter who wrote a note. Rows leave with their note by the database's own cascade.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np
from django.db import DatabaseError, connection, connections, transaction

from chat.experience.ml.partition import FloatArray
from chat.experience.models import Experience
from chat.experience.store.changes import Mark, changes_since
from chat.experience.store.scopes import ScopeKey
from uno_site.database import transaction_lock

Hit = tuple[UUID, float]
_LOCK = 7_110_012
_CHUNK = 1_000
#: Scopes with more notes get an index; below it an exact search is fast enough.
INDEX_ROWS = 100_000
#: Rows that the index looks at: higher is nearer to exact, and slower.
EF_SEARCH = 200

_TABLES = (
    """CREATE TABLE IF NOT EXISTS experience_pgvector (
        experience_id uuid PRIMARY KEY REFERENCES experience_experience (id) ON DELETE CASCADE,
        scope varchar(60) NOT NULL, embedder varchar(120) NOT NULL, embedding vector NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS experience_pgvector_scope
        ON experience_pgvector (scope, embedder)""",
    """CREATE TABLE IF NOT EXISTS experience_pgvector_mark (
        one boolean PRIMARY KEY DEFAULT true CHECK (one), change_id bigint, token varchar(32))""",
    "INSERT INTO experience_pgvector_mark (change_id, token) VALUES (0, '') ON CONFLICT DO NOTHING",
)
_NEAREST = """
SELECT experience_id, -(embedding::vector({dim}) <#> %s::vector({dim}))
FROM experience_pgvector WHERE scope = %s AND embedder = %s {dims}
ORDER BY embedding::vector({dim}) <#> %s::vector({dim}) LIMIT %s
"""


def ensure(using: str = "default") -> bool:
    """Make extension and tables where PostgreSQL has the extension and lets us."""
    database = connections[using]
    if database.vendor != "postgresql":
        return False
    is_there.cache_clear()
    try:
        with transaction.atomic(using=using), database.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
            if cursor.fetchone() is None:
                return False
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
            for statement in _TABLES:
                cursor.execute(statement)
    except DatabaseError:
        # Not ours to create: whoever administers the database may, and NumPy serves until then.
        return False
    return True


@cache
def is_there() -> bool:
    """Whether this process's database has the vectors' table."""
    if connection.vendor != "postgresql":
        return False
    return "experience_pgvector" in connection.introspection.table_names()


class PgVectorStore:
    """See the module."""

    def nearest(
        self, scopes: Sequence[ScopeKey], query: FloatArray, *, embedder: str, n: int
    ) -> list[Hit]:
        """The ``n`` nearest notes of ``scopes``, with cosines, the nearest first."""
        follow()
        hits: list[Hit] = []
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}")
            for scope in scopes:
                cursor.execute(_NEAREST.format(dim=len(query), dims=_dims(len(query))), [
                    _text(query), scope_text(scope), embedder, _text(query), n
                ])  # fmt: skip
                hits += [(key, float(cosine)) for key, cosine in cursor.fetchall()]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:n]

    def forget(self) -> None:
        """Nothing is kept in memory."""


def _dims(dim: int) -> str:
    return f"AND vector_dims(embedding) = {dim}"


def follow() -> None:
    """Bring the vectors' table to where the notes are."""
    if changes_since(_mark()) is None:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        transaction_lock(_LOCK)
        changes = changes_since(_mark())
        if changes is None:
            return
        rows = Experience.objects.searchable().exclude(vector=None).order_by()
        if changes.ids is None:
            cursor.execute("DELETE FROM experience_pgvector")
        else:
            cursor.execute(
                "DELETE FROM experience_pgvector WHERE experience_id = ANY(%s)",
                [list(changes.ids)],
            )
            rows = rows.filter(pk__in=changes.ids)
        _add(cursor, rows)
        cursor.execute(
            "UPDATE experience_pgvector_mark SET change_id = %s, token = %s",
            [changes.mark.id, changes.mark.token],
        )


def _mark() -> Mark:
    with connection.cursor() as cursor:
        cursor.execute("SELECT change_id, token FROM experience_pgvector_mark")
        return Mark(*cursor.fetchone())


def _add(cursor: Any, found: Any) -> None:
    named = ("pk", "scope", "owner_id", "group_id", "embedder", "vector")
    rows = []
    for key, scope, owner, group, embedder, vector in found.values_list(*named).iterator(_CHUNK):
        text = scope_text(ScopeKey(scope, owner or group))
        rows.append((key, text, embedder, _text(np.frombuffer(bytes(vector), "<f4"))))
        if len(rows) == _CHUNK:
            _insert(cursor, rows)
            rows = []
    _insert(cursor, rows)


def _insert(cursor: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(
        "COPY experience_pgvector (experience_id, scope, embedder, embedding) FROM STDIN"
    ) as copy:
        for row in rows:
            copy.write_row(row)


def scope_text(scope: ScopeKey) -> str:
    """A scope as the table has it."""
    return f"{scope.scope}:{scope.whose}" if scope.whose is not None else scope.scope


def _text(vector: FloatArray) -> str:
    return "[" + ",".join(format(float(value), ".9g") for value in vector) + "]"


def indexes_ensure(*, rows: int = INDEX_ROWS) -> bool:
    """Give everybody's notes an HNSW index once they are many; whether there is one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT vector_dims(embedding) FROM experience_pgvector WHERE scope = 'global'"
            " GROUP BY 1 HAVING count(*) >= %s",
            [rows],
        )
        dims = [int(dim) for (dim,) in cursor.fetchall()]
        for dim in dims:
            cursor.execute(
                f"CREATE INDEX IF NOT EXISTS experience_pgvector_hnsw_{dim}"
                f" ON experience_pgvector USING hnsw ((embedding::vector({dim})) vector_ip_ops)"
                f" WHERE scope = 'global' AND vector_dims(embedding) = {dim}"
            )
    return bool(dims)
