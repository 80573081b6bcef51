"""Whoever keeps failing is left alone, then tried once."""

import threading

import pytest

from uno_site.inference.breaker import CircuitBreaker
from uno_site.inference.policy import BreakerLimits


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(BreakerLimits(n_failures=3, open_for=1, max_open_for=3), clock)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.record_failure("refused")


def test_it_opens_after_failures_in_a_row_only(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    breaker.record_success()
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker, 1)
    assert (breaker.state, breaker.last_error) == ("open", "refused")


def test_a_fatal_failure_opens_it_at_once(breaker: CircuitBreaker) -> None:
    breaker.record_failure("lost", is_fatal=True)
    assert breaker.state == "open"


def test_nobody_probes_before_the_pause_is_over(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 0.75
    assert breaker.seconds_left == 0.25
    assert not breaker.begin_probe()
    clock.now += 0.25
    assert breaker.begin_probe()


def test_one_of_many_threads_gets_to_probe(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 1
    got: list[bool] = []
    threads = [threading.Thread(target=lambda: got.append(breaker.begin_probe())) for _ in "12345"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 4 + [True]


def test_a_good_probe_closes_it_and_the_count_begins_anew(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now += 1
    breaker.begin_probe()
    breaker.close()
    fail(breaker, 2)
    assert breaker.state == "closed"
    assert breaker.seconds_left == 0


def test_probes_that_fail_make_longer_pauses_up_to_a_limit(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, 3)
    pauses = []
    for _ in range(3):
        clock.now += breaker.seconds_left
        assert breaker.begin_probe()
        breaker.fail_probe("still gone")
        pauses.append(breaker.seconds_left)
    assert pauses == [2, 3, 3]
    assert breaker.last_error == "still gone"


def test_what_was_asked_before_it_opened_changes_nothing(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker, 3)
    breaker.record_success()
    assert breaker.state == "open"
    clock.now += 0.5
    fail(breaker, 3)
    assert breaker.seconds_left == 0.5
