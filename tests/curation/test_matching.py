"""Which new cluster continues which old one, by hand-made cases."""

from __future__ import annotations

import pytest

from curation.matching import match_clusters, merge_targets, split_origins


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": {1, 2, 3}}, [{1, 2, 3, 4}], ["a"]),
        ({"a": {1, 2, 3}}, [{1}, {2, 3}], [None, "a"]),
        ({"a": {1, 2}}, [{1}, {2}], [None, None]),
        ({"a": {1, 2, 3}, "b": {4, 5}}, [{1, 2, 3, 4, 5}], ["a"]),
        ({"a": {1, 2}, "b": {3, 4}}, [{3, 4}, {1, 2}], ["b", "a"]),
        ({"a": {1, 8, 9}}, [{1, 2}], ["a"]),
        ({"a": {8, 9}}, [{1, 2}], [None]),
        ({}, [{1}], [None]),
        ({"a": {1}}, [], []),
    ],
    ids=[
        "grown",
        "split: the greater part",
        "split in halves: none",
        "two became one: the larger",
        "another order",
        "those that left do not count",
        "strangers",
        "the first time",
        "nothing left",
    ],
)
def test_who_continues_whom(
    old: dict[str, set[int]], new: list[set[int]], expected: list[str | None]
) -> None:
    assert match_clusters(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": {1, 2, 3, 4, 5}}, [{1, 2, 3}, {4, 5}], [None, ("a", 2)]),
        ({"a": {1, 2}}, [{1}, {2}], [("a", 1), ("a", 1)]),
        ({"a": {1, 2, 3}, "b": {4, 5, 6, 7}}, [{1, 2}, {4, 5, 6}, {3, 7, 8}], [None, None, None]),
        ({"a": {1, 2, 3}}, [{1, 2}, {3, 7}], [None, ("a", 1)]),
        ({}, [{1}], [None]),
    ],
    ids=["the smaller part", "two halves", "from several", "half of it is new", "the first time"],
)
def test_what_split_from_what(
    old: dict[str, set[int]], new: list[set[int]], expected: list[tuple[str, int] | None]
) -> None:
    assert split_origins(old, new, match_clusters(old, new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": {1, 2, 3}, "b": {4, 5}}, [{1, 2, 3, 4, 5}], {"b": (0, 2)}),
        ({"a": {1, 2, 3}}, [{1, 2, 3}], {}),
        ({"a": {1, 2}}, [{1}, {2}], {"a": None}),
        ({"a": {1, 2}}, [{7}], {"a": None}),
        ({"a": {1, 2}}, [], {"a": None}),
    ],
    ids=["two became one", "none ended", "scattered", "its members are gone", "nothing left"],
)
def test_what_became_of_the_others(
    old: dict[str, set[int]],
    new: list[set[int]],
    expected: dict[str, tuple[int, int] | None],
) -> None:
    assert merge_targets(old, new, match_clusters(old, new)) == expected
