"""How far routes may reach, by hand: strangers, the cheapest step, and when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from chat.router import UNSEEN, Router
from training.ml.reach import ReachConfig, Reaching, check_reach, narrow_reach

EAST, NORTH = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)


def at(degrees: float) -> list[float]:
    """A unit vector; its distance to ``EAST`` is 2·sin(degrees/2)."""
    angle = np.deg2rad(degrees)
    return [float(np.cos(angle)), float(np.sin(angle))]


def route(centroid, limit, own=(), is_served=True):
    return Reaching(centroid, limit, is_served, np.array(own, float))


ALL = ReachConfig(min_base_share=1.0, min_kept=0.5)


def test_strangers_within_reach_are_taken():
    reach = check_reach([route(EAST, 0.6)], [at(30), at(40), at(-90), at(180)])
    assert reach.taken.tolist() == [0, UNSEEN, UNSEEN, UNSEEN]  # .518 is within, .684 is not
    assert reach.base_share == 0.75
    assert not reach.is_enough
    assert reach.limits.tolist() == [0.6]


def test_a_route_of_the_base_takes_nobody():
    reach = check_reach([route(EAST, 2.0, is_served=False)], [at(0), at(10)])
    assert reach.base_share == 1.0
    assert reach.is_enough


def test_two_of_a_hundred_may_be_taken_and_not_three():
    far = [at(180)] * 98
    assert check_reach([route(EAST, 0.6)], [at(1), at(2), *far]).is_enough
    assert not check_reach([route(EAST, 0.6)], [at(1), at(2), at(3), *far[1:]]).is_enough


def test_the_reach_ends_just_before_the_stranger():
    stranger = at(30)
    reach = narrow_reach([route(EAST, 0.6, [0.1, 0.2])], [stranger, at(180)], ALL)
    assert reach.is_enough
    assert 0.517 < reach.limits[0] < 2 * np.sin(np.deg2rad(15))
    router = Router([EAST], ["a"], reach.limits.tolist())
    assert router.assign([stranger]).indices.tolist() == [UNSEEN]
    assert router.assign([at(29.9)]).indices.tolist() == [0]


def test_the_route_that_loses_least_is_narrowed_first():
    one = ReachConfig(min_base_share=0.5, min_kept=0.0)
    east = route(EAST, 0.6, [0.1, 0.55, 0.58])  # would lose two of three
    north = route(NORTH, 0.6, [0.1, 0.2, 0.58])  # would lose one of three
    reach = narrow_reach([east, north], [at(30), at(61)], one)  # .518 east, .501 north
    assert reach.limits[0] == 0.6
    assert reach.limits[1] < 0.502
    assert reach.taken.tolist() == [0, UNSEEN]


def test_nothing_is_narrowed_where_the_base_keeps_its_share():
    reach = narrow_reach([route(EAST, 0.6)], [at(90), at(180)], ALL)
    assert reach.limits.tolist() == [0.6]


def test_a_route_is_not_narrowed_below_its_own_entries():
    wide = route(EAST, 1.0, [0.8, 0.9, 0.1])
    reach = narrow_reach([wide], [at(30), at(180)], ALL)
    assert not reach.is_enough
    assert reach.limits.tolist() == [1.0]
    assert reach.taken.tolist() == [0, UNSEEN]


def test_the_share_kept_is_at_the_limit_too():
    assert route(EAST, 1.0, [0.5, 0.6]).kept(0.5) == 0.5
    assert route(EAST, 1.0).kept(0.0) == 1.0


def test_a_route_that_reaches_everywhere_gets_an_end():
    reach = narrow_reach([route(EAST, float("inf"), [0.1])], [at(90), at(60)], ALL)
    assert reach.is_enough
    assert reach.limits[0] < 1.0


def test_what_lies_nearer_than_half_of_its_entries_is_a_routes_own():
    """A tenth of the sample may be: one of ten here, and it is no stranger then."""
    middle = 2 * np.sin(np.deg2rad(15))
    sample = [at(30), *[at(180)] * 9]
    own = check_reach([route(EAST, 1.0, [0.1, middle + 1e-6, 0.9])], sample)
    assert own.strangers.tolist() == list(range(1, 10))
    assert own.base_share == 1.0
    beyond = check_reach([route(EAST, 1.0, [0.1, middle - 1e-6, 0.9])], sample)
    assert beyond.strangers.tolist() == list(range(10))
    assert beyond.base_share == 0.9


def test_who_would_have_more_than_a_tenth_is_too_wide_and_has_none():
    wide = route(EAST, 1.0, [0.1, 0.9, 0.9])
    reach = check_reach([wide], [at(30), at(31), *[at(180)] * 17])
    assert reach.taken[:2].tolist() == [0, 0]
    assert not reach.is_enough
    assert check_reach([wide], [at(30), at(31), *[at(180)] * 18]).is_enough


def test_without_routes_everything_is_the_bases():
    assert check_reach([], [at(0)]).base_share == 1.0


def test_embeddings_of_another_size_are_refused():
    with pytest.raises(ValueError, match="different embedders"):
        check_reach([route(EAST, 1.0)], [[1.0, 0.0, 0.0]])
