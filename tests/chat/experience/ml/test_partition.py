"""The vectors of one scope in memory."""

from uuid import UUID

import numpy as np
import pytest

from chat.experience.ml.partition import Partition


def unit(dim, seed):
    vector = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def rows():
    return {UUID(int=n): unit(32, n) for n in range(1, 101)}


def test_the_nearest_are_those_of_a_plain_sort(rows):
    partition, query = Partition(rows.items()), unit(32, 1000)
    exact = sorted(rows, key=lambda key: -float(rows[key] @ query))[:7]
    found = partition.nearest(query, 7)
    assert [key for key, _ in found] == exact
    assert found[0][1] == pytest.approx(float(rows[exact[0]] @ query), abs=1e-6)


def test_more_than_there_are_gives_all(rows):
    assert len(Partition(rows.items()).nearest(unit(32, 5), 1_000)) == 100
    assert Partition().nearest(unit(32, 5), 3) == []


def test_what_is_dropped_is_neither_found_nor_left_in_memory(rows):
    partition = Partition(rows.items())
    gone, last = UUID(int=3), UUID(int=100)
    assert partition.drop(gone) and not partition.drop(gone)
    assert gone not in partition and last in partition and len(partition) == 99
    assert gone not in {key for key, _ in partition.nearest(rows[gone], 99)}
    assert partition.nearest(rows[last], 1)[0][0] == last
    assert not np.isclose(partition._matrix @ rows[gone], 1, atol=1e-5).any()


def test_putting_again_replaces(rows):
    partition = Partition(rows.items())
    partition.put(UUID(int=1), rows[UUID(int=2)])
    assert len(partition) == 100
    assert {key.int for key, _ in partition.nearest(rows[UUID(int=2)], 2)} == {1, 2}


def test_a_query_of_another_embedder_is_near_to_nothing(rows):
    assert Partition(rows.items()).nearest(unit(16, 1), 3) == []
