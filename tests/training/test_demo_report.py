"""The bars of the learning demonstration, at their edges."""

from __future__ import annotations

from typing import Any

import pytest

from training.demo.measure import missed_bars
from training.management.commands.learn_demo import report_table

TOPIC = {
    "edit_cost_before": 0.4,
    "edit_cost_after": 0.2,
    "on_topic_before": 1.0,
    "on_topic_after": 0.9,
    "rules_obeyed_before": 0.1,
    "rules_obeyed_after": 0.9,
    "win_rate": 0.9,
    "route": "expert",
}


def report(seconds: float = 1800.0, noise: bool = False, **changes: float) -> dict[str, Any]:
    topics = {"email": {**TOPIC, **changes}}
    seed = {"seed": 0, "topics": topics, "noise_promoted": noise, "seconds": seconds}
    return {"seeds": [seed]}


def test_exactly_at_every_bar_is_enough() -> None:
    assert missed_bars(report()) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (report(edit_cost_after=0.201), "edit cost 0.400 → 0.201"),
        (report(on_topic_after=0.89), "on topic 1.00 → 0.89"),
        (report(noise=True), "noise was promoted"),
        (report(seconds=1801), "1801 s in all"),
    ],
)
def test_each_bar_is_told_when_missed(bad: dict[str, Any], words: str) -> None:
    (missed,) = missed_bars(bad)
    assert words in missed


def test_seconds_count_over_all_seeds() -> None:
    both = {"seeds": report(1000)["seeds"] + report(1000)["seeds"]}
    assert missed_bars(both) == ["2000 s in all, allowed 1800 s"]


def test_the_table_has_a_row_for_each_topic() -> None:
    assert report_table(report()).row_count == 1
