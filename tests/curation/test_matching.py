"""Which new cluster continues which old one, by hand-made cases."""

from __future__ import annotations

import pytest

from curation.matching import match_clusters


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
