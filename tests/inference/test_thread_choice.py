import pytest

from uno_site.inference.engine.threads import choose_threads, count_cores


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
