"""Finding notes among 100,000: time, whether both stores agree, and recall by an index.

``python -m tests.benchmarks.experience_retrieval [--rows N] [--index N …]`` makes a database of its
own: SQLite in a temporary folder, or PostgreSQL where ``DATABASE_URL`` names a server (a database
``uno_bench_experience`` is made and dropped). Vectors are drawn around centres, as texts' are.
Everything that a reply waits for is timed: scopes, search, reading the rows again, gate and rank.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

N_ROWS = 100_000
N_QUERIES = 200
DIM = 384
MAX_P95_MS = 60.0
MIN_RECALL = 0.95
SAME = 1e-4
EFFORTS = (130, 200, 800)
TITLES = {
    "numpy": "In memory, by NumPy",
    "pgvector": "In PostgreSQL, by pgvector, exactly",
    "agreement": "Both stores",
    "index, 100,000 rows": "In PostgreSQL, by the index, against exact search, 100,000 notes",
    "index, 1,000,000 rows": "In PostgreSQL, by the index, against exact search, 1,000,000 notes",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=N_ROWS)
    parser.add_argument(
        "--index", type=int, nargs="*", default=[N_ROWS], help="notes of everybody, ascending"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("UNO_DATA_DIR", folder)
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        return measure(options.rows, options.index)


def measure(n_rows: int, with_index: Sequence[int]) -> int:
    """Make the rows, ask, and write the report."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "uno_site.settings.test"
    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    from chat.experience.store import pgvector
    from tests.benchmarks.report import machine, write_report

    old = setup_databases(verbosity=0, interactive=False)
    try:
        report: dict[str, Any] = {"machine": machine(rows=n_rows)}
        alice = fill(n_rows)
        vectors = queries(N_QUERIES)
        report["numpy"] = measure_numpy(alice, vectors)
        if pgvector.is_there():
            report["pgvector"], report["agreement"] = measure_pgvector(alice, vectors)
            for rows in with_index:
                report[f"index, {rows:,} rows"] = measure_index(alice, vectors, rows)
        return write_report("bench-experience", report, TITLES)
    finally:
        teardown_databases(old, verbosity=0)


def drawn(n_rows: int, seed: int) -> Any:
    """[n, DIM] float32 unit vectors around 2,000 centres, as texts' are: near ones and far ones."""
    import numpy as np

    centres = np.random.default_rng(7).normal(size=(2_000, DIM)).astype(np.float32)
    rng = np.random.default_rng(seed)
    rows = centres[rng.integers(len(centres), size=n_rows)]
    rows = rows + 0.8 * rng.normal(size=rows.shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def queries(n: int) -> Any:
    """[n, DIM] questions, drawn like the notes."""
    return drawn(n, seed=1)


def fill(n_rows: int, person: Any = None) -> Any:
    """``n_rows`` notes for everybody, and a tenth as many of somebody else's, never searched."""
    from chat.experience.models import Experience, Scope, Status
    from tests.factories import UserFactory
    from uno_site.engine_clients import embedder_name

    alice = person or UserFactory(username="alice")
    bob = UserFactory()
    chunk, n_all = 11_000, n_rows * 11 // 10
    for start in range(0, n_all, chunk):
        rows = drawn(min(chunk, n_all - start), seed=1_000 + Experience.objects.count())
        Experience.objects.bulk_create(
            [
                Experience(
                    id=uuid4(),
                    scope=Scope.PRIVATE if number % 11 == 10 else Scope.GLOBAL,
                    owner=bob if number % 11 == 10 else None,
                    trigger=f"matter {start + number}",
                    content=f"Something to know about matter {start + number}.",
                    status=Status.ACTIVE,
                    embedder=embedder_name(),
                    vector=row.tobytes(),
                )
                for number, row in enumerate(rows)
            ],
            batch_size=2_000,
        )
    return alice


def timed(ask: Callable[[Any], Any], vectors: Any) -> tuple[list[float], list[Any]]:
    """Milliseconds and answer of each question."""
    spent, answers = [], []
    for vector in vectors:
        started = time.perf_counter()
        answers.append(ask(vector))
        spent.append(1e3 * (time.perf_counter() - started))
    return spent, answers


def percentiles(spent: list[float]) -> dict[str, Any]:
    """The middle, the 95th percentile with its bar, and the worst, in milliseconds."""
    import numpy as np

    from tests.benchmarks.report import bar

    return {
        "median_ms": float(np.median(spent)),
        "p95_ms": bar(float(np.percentile(spent, 95)), MAX_P95_MS, at_least=False),
        "worst_ms": max(spent),
    }


def by_store(alice: Any, store: Any) -> Callable[[Any], list[tuple[UUID, float]]]:
    """The whole way of a question by one store: (id, cosine) of the candidates."""
    from unittest.mock import patch

    from chat.experience import selectors

    def ask(vector: Any) -> list[tuple[UUID, float]]:
        with patch.object(selectors, "store", lambda: store):
            found = selectors.candidates_for(alice, vector)
            selectors.rank("matter", found)
        return [(item.id, item.similarity) for item in found]

    return ask


def measure_numpy(alice: Any, vectors: Any) -> dict[str, Any]:
    from chat.experience.store.memory import memory_store

    ask = by_store(alice, memory_store)
    started = time.perf_counter()
    ask(vectors[0])
    first = time.perf_counter() - started
    began = time.process_time()
    spent, _answers = timed(ask, vectors)
    cpu = 1e3 * (time.process_time() - began) / len(vectors)
    rows = len(memory_store)
    return {"rows_in_memory": rows, "first_search_s": first, "cpu_ms": cpu, **percentiles(spent)}


def measure_pgvector(alice: Any, vectors: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    from chat.experience.store.memory import memory_store
    from chat.experience.store.pgvector import PgVectorStore
    from tests.benchmarks.report import bar

    ask = by_store(alice, PgVectorStore())
    started = time.perf_counter()
    ask(vectors[0])
    first = time.perf_counter() - started
    spent, answers = timed(ask, vectors)
    _spent, exact = timed(by_store(alice, memory_store), vectors)
    same = [agree(left, right) for left, right in zip(answers, exact, strict=True)]
    figures = {"first_search_s": first, **percentiles(spent)}
    return figures, {"same_candidates": bar(sum(same) / len(same), 1.0, at_least=True)}


def agree(left: list[tuple[UUID, float]], right: list[tuple[UUID, float]]) -> bool:
    """Whether two stores found the same: ids may differ only where the cosines are equal."""
    cosines = zip([c for _, c in left], [c for _, c in right], strict=True)
    return (
        _clearly(left) <= {key for key, _ in right}
        and _clearly(right) <= {key for key, _ in left}
        and all(abs(a - b) < SAME for a, b in cosines)
    )


def _clearly(found: list[tuple[UUID, float]]) -> set[UUID]:
    """What was not found just so: whose cosine is above the last one's by more than rounding."""
    return {key for key, cosine in found if cosine > found[-1][1] + SAME}


def measure_index(alice: Any, vectors: Any, n_rows: int) -> dict[str, Any]:
    """Recall at 3 against exact search in memory, with ``n_rows`` notes of everybody."""
    from django.db import connection

    from chat.experience.models import Experience, Scope
    from chat.experience.store import memory, pgvector, pgvector_index
    from tests.benchmarks.report import bar

    memory.MAX_ROWS = 2 * n_rows
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {pgvector_index.index_name(DIM)}")
    fill(n_rows - Experience.objects.filter(scope=Scope.GLOBAL).count(), person=alice)
    started = time.perf_counter()
    pgvector.follow()
    copied = time.perf_counter() - started
    started = time.perf_counter()
    pgvector_index.indexes_ensure(rows=n_rows // 2)
    built = time.perf_counter() - started
    ask = by_store(alice, pgvector.PgVectorStore())
    timed(ask, vectors[:20])
    spent, answers = timed(ask, vectors)
    _spent, exact = timed(by_store(alice, memory.memory_store), vectors)
    recall = bar(recall_at_3(answers, exact), MIN_RECALL, at_least=True)
    return {
        "copying_s": copied,
        "building_s": built,
        "recall_at_3": recall,
        **percentiles(spent),
        "rows_looked_at": pgvector_index.EF_SEARCH,
        **with_other_efforts(ask, vectors, exact),
    }


def with_other_efforts(ask: Callable[[Any], Any], vectors: Any, exact: list[Any]) -> dict[str, Any]:
    """Recall and milliseconds where the index looks at fewer rows, or at more."""
    from unittest.mock import patch

    import numpy as np

    from chat.experience.store import pgvector_index

    found: dict[str, Any] = {}
    for n_rows in EFFORTS:
        with patch.object(pgvector_index, "EF_SEARCH", n_rows):
            spent, answers = timed(ask, vectors)
        found[f"recall_at_3 with {n_rows}"] = recall_at_3(answers, exact)
        found[f"p95_ms with {n_rows}"] = float(np.percentile(spent, 95))
    return found


def recall_at_3(answers: list[Any], exact: list[Any]) -> float:
    """The share of the three nearest that were found."""
    hits = [
        len({key for key, _ in left[:3]} & {key for key, _ in right[:3]}) / 3
        for left, right in zip(answers, exact, strict=True)
    ]
    return sum(hits) / len(hits)


if __name__ == "__main__":
    sys.exit(main())
