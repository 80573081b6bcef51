"""What a row is worth, by hand."""

from __future__ import annotations

import math

import pytest

from curation.ml.experience.keeping import (
    DAY,
    KeepConfig,
    Standing,
    does_harm,
    keep_scores,
    over_cap,
)

NOW = 1_000 * DAY


def standing(**values: float) -> Standing:
    defaults = {"helpful": 0, "harmful": 0, "hits": 0, "importance": 0.5}
    times = {"last_used": NOW - 30 * DAY, "created": NOW - 30 * DAY}
    return Standing(**{**defaults, **times, **values})  # type: ignore[arg-type]


def test_the_formula_by_hand() -> None:
    rows = [standing(helpful=3, hits=7), standing(hits=1, importance=0.0)]
    first = 0.4 * 4 / 5 + 0.3 * 1 + 0.2 / math.e + 0.1 * 0.5
    second = 0.4 * 1 / 2 + 0.3 * math.log(2) / math.log(8) + 0.2 / math.e
    assert keep_scores(rows, NOW) == pytest.approx([first, second])


def test_rows_without_any_hit_divide_by_nothing() -> None:
    assert keep_scores([standing()], NOW) == pytest.approx([0.2 + 0.2 / math.e + 0.05])


@pytest.mark.parametrize(
    ("helpful", "harmful", "is_bad"),
    [(0, 4, False), (2, 3, True), (3, 2, False), (0, 5, True), (5, 5, False), (0, 0, False)],
)
def test_five_uses_and_less_than_half_helpful(helpful: int, harmful: int, is_bad: bool) -> None:
    assert does_harm(helpful, harmful) is is_bad


def test_over_the_cap_the_lowest_go_first() -> None:
    rows = [standing(helpful=n) for n in (5, 0, 3, 1)]
    assert over_cap(rows, NOW, KeepConfig(cap=2)) == [1, 3]
    assert over_cap(rows, NOW, KeepConfig(cap=4)) == []


def test_pinned_and_young_rows_stay_even_over_the_cap() -> None:
    rows = [
        standing(is_pinned=True),
        standing(created=NOW - 3_600),
        standing(helpful=9),
        standing(helpful=8),
    ]
    assert over_cap(rows, NOW, KeepConfig(cap=1)) == [3, 2]
