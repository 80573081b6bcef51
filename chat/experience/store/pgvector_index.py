"""The index of everybody's notes in PostgreSQL, once they are too many to be searched exactly.

An HNSW graph over half-precision vectors (half the memory, built in half the time) finds more rows
than are asked for; their exact cosines decide which of them are the nearest. A person's own notes
are never so many, and are always searched exactly.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

#: From so many notes of everybody there is an index: 100,000 take an exact search about 80 ms.
INDEX_ROWS = 50_000
#: So many times the rows asked for are taken from the index and compared exactly.
WIDER = 2
#: Rows that the index looks at: higher is nearer to exact, and slower. At least WIDER times n. Of a
#: million notes 400 find .950 of the three nearest, 800 find .958 and take half as long again.
EF_SEARCH = 800

_NEAR = """
(SELECT experience_id, scope, embedder, embedding FROM experience_pgvector
WHERE scope = 'global' AND embedder = %(embedder)s AND vector_dims(embedding) = {dim}
ORDER BY embedding::halfvec({dim}) <#> %(query)s::halfvec({dim}) LIMIT %(wide)s) AS near
"""


def index_name(dim: int) -> str:
    """The index of vectors with ``dim`` values."""
    return f"experience_pgvector_half_{dim}"


def near_rows(cursor: Any, dim: int) -> str:
    """What to search everybody's notes in, as SQL: what the index finds, or, without one, all.

    Asked within a transaction, and with the parameters ``query``, ``embedder`` and ``wide``.
    """
    cursor.execute(
        "SELECT set_config('hnsw.ef_search', %s, true), to_regclass(%s) IS NOT NULL",
        [str(EF_SEARCH), index_name(dim)],
    )
    _ef_search, is_indexed = cursor.fetchone()
    return _NEAR.format(dim=dim) if is_indexed else "experience_pgvector"


def indexes_ensure(*, rows: int = INDEX_ROWS) -> bool:
    """Give everybody's notes an index once they are ``rows``; whether there is one.

    Outside a transaction replies and writers go on meanwhile, and the index has its name only
    when it is whole: one that broke off is begun anew. pgvector before 0.7 has no half-precision
    vectors, and searches exactly on.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT vector_dims(embedding) FROM experience_pgvector WHERE scope = 'global'"
            " AND to_regtype('halfvec') IS NOT NULL GROUP BY 1 HAVING count(*) >= %s",
            [rows],
        )
        dims = [int(dim) for (dim,) in cursor.fetchall()]
        for dim in dims:
            _build(cursor, dim)
    return bool(dims)


def _build(cursor: Any, dim: int) -> None:
    name = index_name(dim)
    cursor.execute("SELECT to_regclass(%s)", [name])
    if cursor.fetchone()[0] is not None:
        return
    concurrently = "" if connection.in_atomic_block else "CONCURRENTLY"
    cursor.execute(f"DROP INDEX {concurrently} IF EXISTS {name}_unfinished")
    cursor.execute(
        f"CREATE INDEX {concurrently} {name}_unfinished ON experience_pgvector"
        f" USING hnsw ((embedding::halfvec({dim})) halfvec_ip_ops)"
        f" WHERE scope = 'global' AND vector_dims(embedding) = {dim}"
    )
    with transaction.atomic():
        cursor.execute(f"ALTER INDEX {name}_unfinished RENAME TO {name}")
        # The index before this one, of whole floats: nothing asks for it any more.
        cursor.execute(f"DROP INDEX IF EXISTS experience_pgvector_hnsw_{dim}")
