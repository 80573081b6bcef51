"""Which file format is served: the best of the fast ones that are not broken."""

from pathlib import Path

from uno_site.inference.engine.formats import SOURCE, Choice, Measured, choose

PLAIN = Measured(SOURCE, read_rate=200.0, write_rate=100.0, perplexity=20.0, n_bytes=1)
FAST = Measured("q4_0", read_rate=900.0, write_rate=150.0, perplexity=21.0, n_bytes=1)


def test_the_fastest_turn_wins():
    slow_reader = Measured("q8_0", read_rate=10.0, write_rate=160.0, perplexity=20.0, n_bytes=2)
    assert choose([PLAIN, FAST, slow_reader]) == "q4_0"


def test_a_broken_format_is_not_chosen():
    broken = Measured("q4_0", read_rate=900.0, write_rate=900.0, perplexity=26.0, n_bytes=1)
    assert choose([PLAIN, broken]) == SOURCE


def test_of_formats_about_as_fast_the_one_that_speaks_best_is_chosen():
    as_fast = Measured("q8_0", read_rate=890.0, write_rate=140.0, perplexity=20.1, n_bytes=2)
    assert choose([PLAIN, FAST, as_fast]) == "q8_0"


def test_a_tenth_of_a_point_is_no_reason_for_a_larger_file():
    larger = Measured("q8_0", read_rate=200.0, write_rate=100.0, perplexity=19.9, n_bytes=2)
    assert choose([PLAIN, larger]) == SOURCE
    better = Measured("q8_0", read_rate=200.0, write_rate=100.0, perplexity=19.0, n_bytes=2)
    assert choose([PLAIN, better]) == "q8_0"


def test_a_gain_within_what_a_minute_differs_changes_no_format():
    hardly_faster = Measured("q4_0", read_rate=205.0, write_rate=110.0, perplexity=21.0, n_bytes=1)
    assert choose([PLAIN, hardly_faster]) == SOURCE


def test_the_line_for_people_names_gain_and_cost():
    line = Choice("q4_0", Path("x"), (PLAIN, FAST)).summary()
    assert line == "q4_0: 1.8 x as fast as the original; perplexity 21.0 against 20.0"
