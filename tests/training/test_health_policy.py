"""What an adapter's answers must show, compared with the base's on the same prompts."""

from __future__ import annotations

from dataclasses import replace

from training.ml.health import Health
from training.services.verdicts import HEALTH

FINE = Health(
    n_answers=10,
    n_distinct=10,
    repetition=0.1,
    n_repetitive=0,
    n_base_repetitive=0,
    length_ratio=1.0,
    on_topic=1.0,
)


def test_a_healthy_adapter_has_no_faults() -> None:
    assert HEALTH.faults(FINE) == []


def test_as_many_answers_may_go_in_circles_as_the_bases_do() -> None:
    assert HEALTH.faults(replace(FINE, n_repetitive=4, n_base_repetitive=4)) == []
    more = replace(FINE, n_repetitive=5, n_base_repetitive=4)
    assert HEALTH.faults(more) == ["5 of 10 answers go in circles (4 of the base's)"]
    assert HEALTH.faults(replace(FINE, n_repetitive=2)) == []
    assert len(HEALTH.faults(replace(FINE, n_repetitive=3))) == 1


def test_each_other_fault_is_named() -> None:
    ill = replace(FINE, on_topic=0.5, n_distinct=2, length_ratio=0.01)
    found = HEALTH.faults(ill)
    assert [text.split()[0] for text in found] == ["only", "10", "its"]
