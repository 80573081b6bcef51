"""Clustering 100,000 entries: time, memory, and whether the clusters are the right ones.

The entries are drawn around real texts of five topics (see :mod:`tests.topics`), embedded by the
reference embedder in a process of its own, so that the peak of memory is the clustering's.
``python -m tests.benchmarks.clustering [--seed-folder FOLDER]`` takes more real texts of the
shape of ``tests/fixtures/seed`` where there are any.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from chat.router import Router
from curation.ml.clustering import Clustering, cluster_entries, update_centroid
from curation.ml.features import entry_features
from curation.ml.ward import WardTree
from tests.benchmarks.report import Report, bar, machine, write_report
from tests.topics import (
    SEED,
    Entries,
    draws_around,
    embed_texts,
    multiply,
    real_texts,
    wording_cosine,
)
from uno_site.env import read_env
from uno_site.inference.engine.embedder import Embedder
from uno_site.inference.engine.models import embedder_path

NAME = "bench-clustering"
N_ENTRIES = 100_000
N_SAMPLE = 5_000
N_NEW = 1_000
SIZES = (250, 1_000, 4_000)
MAX_SECONDS, MAX_GB, MAX_ASSIGN_SECONDS = 90.0, 3.0, 1.0
MIN_EXACT_AGREEMENT, MIN_SIZE_AGREEMENT, MAX_MISCOUNT = 0.95, 0.9, 1
TITLES = {
    "data": "How the entries were made",
    "scale": "100,000 entries",
    "sizes": "The same topics at other sizes",
    "joining": "1,000 new entries join",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed-folder", type=Path, default=SEED)
    folder = parser.parse_args().seed_folder
    report: Report = {"machine": machine()}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        real, cosine = pool.submit(embed_real, folder).result()
    entries = multiply(real, N_ENTRIES)
    report["data"] = describe(real, cosine)
    clustering, report["scale"] = measure_scale(entries)
    report["sizes"] = measure_sizes(entries, clustering)
    report["joining"] = measure_joining(clustering, multiply(real, N_NEW, seed=1))
    return write_report(NAME, report, TITLES)


def embed_real(folder: Path) -> tuple[Entries, float]:
    """The real texts' embeddings, and how alike two wordings of one wish are."""
    embedder = Embedder(embedder_path(read_env()), "reference", n_threads=2)

    def embed(texts: Sequence[str]) -> np.ndarray:
        return asyncio.run(embedder.embed(texts))

    try:
        return embed_texts(real_texts(folder), embed), wording_cosine(embed)
    finally:
        embedder.close()


def describe(real: Entries, cosine: float) -> Report:
    """What is real, and how like each other entries around one real text are."""
    cosines = [mean_cosine(draws_around(real, i, n=20)) for i in range(0, len(real), 10)]
    return {
        "real_texts": {name: int((real.topics == n).sum()) for n, name in enumerate(real.names)},
        "cosine_of_two_wordings_of_a_wish": cosine,
        "cosine_of_two_entries_around_one_text": float(np.mean(cosines)),
    }


def mean_cosine(rows: np.ndarray) -> float:
    """Mean cosine of all pairs of unit vectors [n, d]."""
    return float((rows @ rows.T)[np.triu_indices(len(rows), k=1)].mean())


def measure_scale(entries: Entries) -> tuple[Clustering, Report]:
    """Time and memory of one clustering, and its agreement with exact Ward on a sample."""
    before = peak_gb()
    started, cpu = time.perf_counter(), time.process_time()
    clustering = cluster_entries(entries.queries, entries.rules)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    peak = peak_gb()
    chosen = np.random.default_rng(0).choice(len(entries), N_SAMPLE, replace=False)
    sample = entries.take(chosen)
    rows = entry_features(sample.queries, sample.rules).astype(np.float64)
    exact = WardTree.of(rows).cut(len(clustering))
    ours = clustering.labels[chosen]
    return clustering, {
        "seconds": bar(seconds, MAX_SECONDS, at_least=False),
        "cpu_seconds": cpu_seconds,
        "peak_gb": bar(peak, MAX_GB, at_least=False),
        "peak_gb_before_with_the_data": before,
        "clusters": len(clustering),
        "ari_with_exact_ward_on_5000": bar(
            adjusted_rand_score(exact, ours), MIN_EXACT_AGREEMENT, at_least=True
        ),
        "ari_with_the_topics": float(adjusted_rand_score(entries.topics, clustering.labels)),
        "ari_of_exact_ward_with_the_topics": float(adjusted_rand_score(sample.topics, exact)),
        "miscounted_topics": miscount(clustering, entries),
    }


def measure_sizes(entries: Entries, large: Clustering) -> Report:
    """The first 250, 1,000 and 4,000 of the entries, clustered by themselves."""
    report: Report = {}
    for size in SIZES:
        part = entries.take(np.arange(size))
        clustering = cluster_entries(part.queries, part.rules)
        agreement = adjusted_rand_score(large.labels[:size], clustering.labels)
        report[str(size)] = {
            "clusters": len(clustering),
            "ari_with_100000_on_shared": bar(agreement, MIN_SIZE_AGREEMENT, at_least=True),
            "ari_with_the_topics": float(adjusted_rand_score(part.topics, clustering.labels)),
            "miscounted_topics": miscount(clustering, entries),
        }
    return report


def measure_joining(clustering: Clustering, new: Entries) -> Report:
    """Assign new entries and move the centroids, as joining does (without the database)."""
    started = time.perf_counter()
    router = Router(clustering.centroids, [str(n) for n in range(len(clustering))])
    labels = router.assign(new.queries).indices
    for label in np.unique(labels):
        update_centroid(
            clustering.centroids[label], int(clustering.sizes[label]), new.queries[labels == label]
        )
    seconds = time.perf_counter() - started
    return {
        "seconds": bar(seconds, MAX_ASSIGN_SECONDS, at_least=False),
        "ari_with_the_topics": float(adjusted_rand_score(new.topics, labels)),
    }


def miscount(clustering: Clustering, entries: Entries) -> Report:
    """By how many the clusters are more or fewer than the topics."""
    return bar(abs(len(clustering) - len(entries.names)), MAX_MISCOUNT, at_least=False)


def peak_gb() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    sys.exit(main())
