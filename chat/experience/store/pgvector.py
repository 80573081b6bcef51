"""PostgreSQL's store, where its extension ``vector`` is there: the same answers as NumPy's.

A table beside the notes holds the vectors of those that may be found, with their scope. Before a
search it is brought to where the notes are, by the same changes that the memory store follows;
so it does not matter who wrote a note. Rows leave with their note, by triggers (a foreign key
would keep Django from emptying the notes' table: ``manage.py flush`` knows its own tables only).
Everybody's notes get an index once they are many (:mod:`chat.experience.store.pgvector_index`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np
from django.db import DatabaseError, connection, connections, transaction

from chat.experience.ml.partition import FloatArray
from chat.experience.models import Experience, Scope
from chat.experience.store.changes import Mark, changes_since
from chat.experience.store.pgvector_index import WIDER, near_rows
from chat.experience.store.scopes import ScopeKey
from chat.experience.store.triggers import STORE_LOCK, postgres_trigger
from uno_site.database import transaction_lock

Hit = tuple[UUID, float]
_CHUNK = 1_000

_TABLES = (
    """CREATE TABLE IF NOT EXISTS experience_pgvector (
        experience_id uuid PRIMARY KEY,
        scope varchar(60) NOT NULL, embedder varchar(120) NOT NULL, embedding vector NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS experience_pgvector_scope
        ON experience_pgvector (scope, embedder)""",
    """CREATE TABLE IF NOT EXISTS experience_pgvector_mark (
        one boolean PRIMARY KEY DEFAULT true CHECK (one), change_id bigint, token varchar(32))""",
    "INSERT INTO experience_pgvector_mark (change_id, token) VALUES (0, '') ON CONFLICT DO NOTHING",
    "ALTER TABLE experience_pgvector"
    " DROP CONSTRAINT IF EXISTS experience_pgvector_experience_id_fkey",
)
# The lock comes first: what a search is just taking up is seen, and leaves as well.
_LEAVING = {
    "delete": (
        "REFERENCING OLD TABLE AS old_rows",
        "DELETE FROM experience_pgvector v USING old_rows o WHERE v.experience_id = o.id",
    ),
    "truncate": ("", "DELETE FROM experience_pgvector"),
}
_NEAREST = """
SELECT experience_id, -(embedding::vector({dim}) <#> %(query)s::vector({dim})) AS cosine
FROM {rows} WHERE scope = %(scope)s AND embedder = %(embedder)s
AND vector_dims(embedding) = {dim} ORDER BY cosine DESC LIMIT %(n)s
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
            for verb, (tables, leaving) in _LEAVING.items():
                body = f"PERFORM pg_advisory_xact_lock({STORE_LOCK}); {leaving};"
                postgres_trigger(cursor, f"experience_pgvector_{verb}", verb, tables, body)
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
        dim = len(query)
        asked = {"query": _text(query), "embedder": embedder, "n": n, "wide": WIDER * n}
        with transaction.atomic(), connection.cursor() as cursor:
            near = near_rows(cursor, dim)
            for scope in scopes:
                rows = near if scope.scope == Scope.GLOBAL else "experience_pgvector"
                sql = _NEAREST.format(dim=dim, rows=rows)
                cursor.execute(sql, {**asked, "scope": scope_text(scope)})
                hits += [(key, float(cosine)) for key, cosine in cursor.fetchall()]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:n]

    def forget(self) -> None:
        """Nothing is kept in memory."""


def follow() -> None:
    """Bring the vectors' table to where the notes are."""
    if changes_since(_mark()) is None:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        transaction_lock(STORE_LOCK)
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
        rows.append((key, text, embedder, _binary(bytes(vector))))
        if len(rows) == _CHUNK:
            _insert(cursor, rows)
            rows = []
    _insert(cursor, rows)


def _insert(cursor: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(
        "COPY experience_pgvector (experience_id, scope, embedder, embedding)"
        " FROM STDIN WITH (FORMAT BINARY)"
    ) as copy:
        copy.set_types(["uuid", "varchar", "varchar", "bytea"])
        for row in rows:
            copy.write_row(row)


def scope_text(scope: ScopeKey) -> str:
    """A scope as the table has it."""
    return f"{scope.scope}:{scope.whose}" if scope.whose is not None else scope.scope


def _binary(vector: bytes) -> bytes:
    """A note's vector as pgvector receives it: two 16-bit numbers (the length, and 0), floats."""
    values = np.frombuffer(vector, "<f4")
    return struct.pack(">HH", len(values), 0) + values.astype(">f4").tobytes()


def _text(vector: FloatArray) -> str:
    return "[" + ",".join(format(float(value), ".9g") for value in vector) + "]"
