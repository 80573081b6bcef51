"""Which file format is served: the fastest whose quality is near the source's."""

from uno_site.inference.engine.formats import SOURCE, Choice, Measured, choose

PLAIN = Measured(SOURCE, read_rate=200.0, write_rate=100.0, perplexity=20.0, n_bytes=1)
FAST = Measured("q4_0", read_rate=900.0, write_rate=150.0, perplexity=21.0, n_bytes=1)


def test_the_fastest_turn_wins():
    slow_reader = Measured("q8_0", read_rate=10.0, write_rate=160.0, perplexity=20.0, n_bytes=2)
    assert choose([PLAIN, FAST, slow_reader]) == "q4_0"


def test_speed_does_not_buy_bad_answers():
    broken = Measured("q4_0", read_rate=900.0, write_rate=900.0, perplexity=23.0, n_bytes=1)
    assert choose([PLAIN, broken]) == SOURCE


def test_the_line_for_people_names_gain_and_cost():
    line = Choice("q4_0", (PLAIN, FAST)).summary()
    assert line == (
        "q4_0: the fastest of 2 formats here, 1.8 x the file as it came; "
        "perplexity 21.00 against 20.00"
    )
    assert Choice(SOURCE, (PLAIN, FAST)).summary() == "as it came: the fastest of 2 formats here"
