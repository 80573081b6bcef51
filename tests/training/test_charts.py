"""Where bars and curves lie."""

from __future__ import annotations

from training.charts import bar_chart, curve

SHARE = {"title": "Rules obeyed", "higher_is_better": True, "is_share": True}
TOKENS = {"title": "Prompt tokens", "higher_is_better": False, "is_share": False}


def estimate(mean: float, low: float, high: float) -> dict[str, float]:
    return {"mean": mean, "low": low, "high": high, "n": 3}


def test_a_share_is_drawn_on_the_scale_of_one():
    chart = bar_chart(SHARE, {"base": estimate(0.25, 0.1, 0.5), "x": None}, {"base": "Base"}, "x")
    assert len(chart.bars) == 1
    bar = chart.bars[0]
    assert (bar.label, bar.width, bar.low, bar.high) == ("Base", 25.0, 10.0, 50.0)
    assert not bar.is_reference


def test_other_figures_reach_as_far_as_the_largest_interval():
    chart = bar_chart(TOKENS, {"a": estimate(50, 40, 60), "b": estimate(100, 90, 200)}, {}, "b")
    assert [bar.width for bar in chart.bars] == [25.0, 50.0]
    assert chart.bars[1].high == 100.0
    assert chart.bars[1].is_reference
    assert chart.note == "lower is better"


def test_nothing_but_noughts_is_drawn_at_nought():
    assert bar_chart(TOKENS, {"a": estimate(0, 0, 0)}, {}, "b").bars[0].width == 0.0


def test_a_curve_goes_through_its_points_from_left_to_right():
    line = curve([estimate(0.0, 0.0, 0.5), None, estimate(1.0, 0.5, 1.0)])
    assert line.line == "28.0,122.0 292.0,14.0"
    assert line.band == "28.0,68.0 292.0,14.0 292.0,68.0 28.0,122.0"
    assert [point["batch"] for point in line.points] == [1, 3]


def test_one_point_is_no_curve():
    assert curve([estimate(1, 1, 1)]) is None
    assert curve([]) is None
