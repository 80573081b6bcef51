"""The gate reads what an adapter writes: better, collapsed, too long, beside the question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.ml.edit_gate import GateAnswers, cost_proxy, judge_edits

EDITS = [f"Hi, please repair thing {n} soon. Cheers, Ana" for n in range(10)]
BASE = [f"Dear Sir, I am writing to you about thing {n} which is broken." for n in range(10)]
OTHER = [f"The answer to question {n} is a plain one." for n in range(6)]
FINE = GateAnswers(
    own=[text.replace("soon", "today") for text in EDITS],
    base=BASE,
    edits=EDITS,
    regression=OTHER,
    base_regression=OTHER,
    topic_shares=np.ones(6, np.float32),
)
CIRCLES = "and so on and so on and so on and so on and so on and so on"


def test_an_adapter_nearer_to_the_edits_is_fit() -> None:
    verdict = judge_edits(FINE)
    assert verdict.is_accepted
    assert verdict.figures.cost_proxy == pytest.approx(cost_proxy(FINE.own[0], EDITS[0]))
    assert verdict.figures.cost_proxy < verdict.figures.base_proxy
    assert verdict.reason.startswith("Fit: distance to the edits")


def test_as_many_answers_may_go_in_circles_as_the_bases_do() -> None:
    poems = [*OTHER[:2], *[CIRCLES] * 4]
    as_many = judge_edits(replace(FINE, regression=poems, base_regression=poems))
    assert as_many.is_accepted
    assert as_many.figures.repetitive == as_many.figures.base_repetitive == 4 / 16
    more = judge_edits(replace(FINE, regression=[*poems[1:], CIRCLES], base_regression=poems))
    assert more.faults == ("31% of its answers go in circles (25% of the base's)",)


def test_the_proxy_is_the_distance_over_the_longer_text() -> None:
    assert cost_proxy("a b c d", "a b x") == pytest.approx(2 / 4)
    assert cost_proxy("a b x", "a b c d") == pytest.approx(2 / 4)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"own": BASE}, "not clearly nearer"),
        ({"own": [CIRCLES] * 10}, "go in circles"),
        ({"own": [f"{text} {'more words here ' * 9}{n}" for n, text in enumerate(EDITS)]}, "times"),
        ({"own": ["Hi"] * 10}, "0.1 times"),
        ({"regression": [CIRCLES] * 6}, "go in circles"),
        ({"topic_shares": np.zeros(6, np.float32)}, "about their question"),
        ({"own": FINE.own[:4], "base": BASE[:4], "edits": EDITS[:4]}, "only 4 held-out edits"),
    ],
)
def test_what_speaks_against_it(change: dict, fault: str) -> None:
    verdict = judge_edits(replace(FINE, **change))
    assert not verdict.is_accepted
    assert fault in verdict.reason
