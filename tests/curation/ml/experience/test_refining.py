"""One night's plan, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from curation.ml.experience.keeping import DAY, KeepConfig, Standing
from curation.ml.experience.refining import Contradiction, Merge, refine_plan
from curation.ml.experience.store_rows import RefineConfig, Row

NOW = 1_000 * DAY
A, B, C = np.eye(3, dtype=np.float32)


def row(key: str, content: str, **values: object) -> Row:
    counts = {name: values.pop(name, 0) for name in ("helpful", "harmful", "hits")}
    is_pinned = bool(values.pop("is_pinned", False))
    start = float(values.pop("valid_from", NOW - 10 * DAY))  # type: ignore[arg-type]
    standing = Standing(
        **counts,  # type: ignore[arg-type]
        importance=0.5,
        last_used=start,
        created=start,
        is_pinned=is_pinned,
    )
    return Row(key, "fact", "the filter", content, standing, start, **values)  # type: ignore[arg-type]


def plan(rows: list[Row], vectors: list[np.ndarray], **config: object):
    matrix = np.stack(vectors)
    return refine_plan(rows, matrix, matrix, NOW, RefineConfig(**config))  # type: ignore[arg-type]


def test_near_rows_that_say_the_same_become_one() -> None:
    rows = [
        row("old", "The filter lasts 14 weeks.", hits=1),
        row("best", "The filter lasts 14 weeks!", helpful=2),
        row("other", "The pump is blue."),
    ]
    found = plan(rows, [A, A, B])
    assert found.merges == (Merge("best", ("old",)),)
    assert found.n_changes == 1


@pytest.mark.parametrize("people", [(1, 1), (2, 1)])
def test_of_two_that_contradict_the_later_holds_unless_more_people_said_the_other(
    people: tuple[int, int],
) -> None:
    rows = [
        row("old", "The filter lasts 14 weeks.", n_people=people[0]),
        row("new", "The filter lasts 40 weeks.", valid_from=NOW - DAY, n_people=people[1]),
    ]
    older, newer = ("old", "new") if people == (1, 1) else ("new", "old")
    assert plan(rows, [A, A]).contradictions == (Contradiction(older, newer, "value"),)


def test_a_pinned_row_holds_against_everything() -> None:
    rows = [
        row("pinned", "The filter lasts 14 weeks.", is_pinned=True, harmful=9),
        row("new", "The filter lasts 40 weeks.", valid_from=NOW - DAY, n_people=9),
    ]
    found = plan(rows, [A, A])
    assert found.contradictions == (Contradiction("new", "pinned", "value"),)
    assert found.quarantined == ()


def test_what_did_harm_is_set_aside_and_takes_nobody_along() -> None:
    rows = [
        row("bad", "The filter lasts 40 weeks.", helpful=1, harmful=4, n_people=5),
        row("good", "The filter lasts 14 weeks."),
    ]
    found = plan(rows, [A, A])
    assert (found.quarantined, found.contradictions, found.merges) == (("bad",), (), ())


def test_a_merged_row_counts_with_the_sum_of_its_counters() -> None:
    rows = [
        row("one", "The filter lasts 14 weeks.", helpful=2),
        row("two", "The filter lasts 14 weeks", helpful=2),
        row("three", "The pump is blue.", helpful=3),
    ]
    found = plan(rows, [A, A, B], keep=KeepConfig(cap=1))
    assert found.archived == ("three",)


def test_the_order_of_the_rows_makes_no_difference() -> None:
    rows = [row(f"r{n}", f"The filter lasts {n % 3} weeks.", helpful=n) for n in range(9)]
    vectors = [(A, B, C)[n % 2] for n in range(9)]
    forward = plan(rows, vectors, keep=KeepConfig(cap=2))
    backward = plan(rows[::-1], vectors[::-1], keep=KeepConfig(cap=2))
    assert forward == backward


def test_an_empty_store_needs_nothing() -> None:
    none = np.zeros((0, 3), np.float32)
    assert refine_plan([], none, none, NOW).n_changes == 0
