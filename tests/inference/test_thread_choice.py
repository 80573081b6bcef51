import threading

import pytest

from uno_site.inference.engine.threads import ThreadGovernor, choose_threads, count_cores


@pytest.mark.parametrize(
    ("n_max", "n_cores", "busy_others", "expected"),
    [
        (2, 2, 0.0, 2),
        (2, 2, 0.34, 2),  # short of the share that counts as taken
        (2, 2, 0.36, 1),
        (2, 2, 2.0, 1),  # never less than one
        (8, 8, 1.0, 7),
        (8, 8, 1.5, 6),
        (2, 8, 4.0, 2),  # the limit is not exceeded
    ],
)
def test_only_free_cores_are_taken(n_max, n_cores, busy_others, expected):
    assert choose_threads(n_max, n_cores, busy_others) == expected


def test_there_is_at_least_one_core():
    assert count_cores() >= 1


@pytest.fixture
def look(monkeypatch):
    """Looks at a machine of two cores at moments (wall clock, busy of all, own busy seconds)."""

    def at(*moments):
        readings = iter(moments)
        monkeypatch.setattr(ThreadGovernor, "_read", lambda _self: next(readings))
        monkeypatch.setattr("psutil.cpu_count", lambda: 2)
        governor = ThreadGovernor(2)
        for _ in moments[1:]:
            governor.look()
        return governor.n_threads()

    return at


def test_a_core_that_others_use_now_is_left_to_them(look):
    assert look((0.0, 0.0, 0.0), (1.0, 1.0, 0.0)) == 1


def test_what_ran_before_is_forgotten_with_the_next_look(look):
    assert look((0.0, 0.0, 0.0), (1.0, 2.0, 0.0), (2.0, 2.0, 0.0)) == 2


def test_its_own_work_is_not_others_work(look):
    assert look((0.0, 0.0, 0.0), (1.0, 2.0, 2.0)) == 2


def test_it_looks_while_nobody_asks(monkeypatch):
    monkeypatch.setattr("uno_site.inference.engine.threads.INTERVAL_S", 0.001)
    looked = threading.Event()
    monkeypatch.setattr(ThreadGovernor, "look", lambda _self: looked.set())
    governor = ThreadGovernor(2)
    governor.start()
    try:
        assert looked.wait(5)
    finally:
        governor.stop()
