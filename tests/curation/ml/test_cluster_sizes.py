"""Real topics give the same clusters however much was logged (all-MiniLM-L6-v2)."""

import asyncio

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from curation.ml.clustering import Clustering, cluster_entries
from curation.ml.features import entry_features
from curation.ml.ward import WardTree
from tests.topics import Entries, embed_texts, multiply, real_texts
from uno_site.env import read_env
from uno_site.inference.engine.embedder import Embedder
from uno_site.inference.engine.models import embedder_path

pytestmark = pytest.mark.model
N_LARGEST = 4_000


@pytest.fixture(scope="module")
def entries() -> Entries:
    embedder = Embedder(embedder_path(read_env()), "reference", n_threads=1)
    embed = lambda texts: asyncio.run(embedder.embed(texts))  # noqa: E731
    yield multiply(embed_texts(real_texts(), embed), N_LARGEST)
    embedder.close()


@pytest.fixture(scope="module")
def largest(entries: Entries) -> Clustering:
    """Beyond the size up to which Ward's tree is exact: made of micro-clusters."""
    return cluster_entries(entries.queries, entries.rules)


@pytest.mark.parametrize("size", [250, 1_000, N_LARGEST])
def test_the_clusters_are_the_topics(entries: Entries, largest: Clustering, size: int) -> None:
    part = entries.take(np.arange(size))
    clustering = cluster_entries(part.queries, part.rules)
    assert abs(len(clustering) - len(entries.names)) <= 1
    assert adjusted_rand_score(part.topics, clustering.labels) >= 0.9
    assert adjusted_rand_score(largest.labels[:size], clustering.labels) >= 0.9


def test_micro_clusters_agree_with_exact_ward(entries: Entries, largest: Clustering) -> None:
    rows = entry_features(entries.queries, entries.rules).astype(np.float64)
    exact = WardTree.of(rows).cut(len(largest))
    assert adjusted_rand_score(exact, largest.labels) >= 0.95
