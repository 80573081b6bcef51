"""The metrics, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.simulation import (
    TOPICS,
    edit_costs,
    measure_topic,
    on_topic_rate,
    share_of_rules_obeyed,
    win_rate,
)

EMAIL, TIPS = TOPICS["email"], TOPICS["tips"]
GOOD = "- dim the lights\n- read a book"
X, Y = np.eye(2, dtype=np.float32)


def test_the_edit_cost_is_what_the_user_changes_over_the_replys_words():
    # "Dim the lights ." -> "- dim the lights": insert "-", substitute "Dim", delete "."
    costs = edit_costs(TIPS, ["", ""], ["Dim the lights.", GOOD])
    assert costs == [pytest.approx(3 / 4), 0.0]


def test_the_share_of_rules_counts_reply_and_rule():
    # Bullets and case are broken in the first, its count is obeyed; all hold in the second.
    assert share_of_rules_obeyed(TIPS, ["Dim the lights.", GOOD]) == pytest.approx(4 / 6)
    assert share_of_rules_obeyed(TIPS, []) == 0.0


def test_a_reply_nearer_to_other_prompts_is_off_topic():
    assert on_topic_rate(np.stack([X, Y]), np.stack([X, Y])) == 1.0
    assert on_topic_rate(np.stack([X, X]), np.stack([X, Y])) == 0.5
    assert on_topic_rate(np.stack([Y, X]), np.stack([X, Y])) == 0.0


def test_a_reply_as_near_to_the_others_is_off_topic():
    assert on_topic_rate(np.stack([X, X]), np.stack([Y, Y])) == 0.0


def test_a_reply_near_enough_is_on_topic_whatever_else_is_near():
    reply = np.array([0.6, 0.8], dtype=np.float32)
    replies, prompts = np.stack([reply, Y]), np.stack([X, Y])
    assert on_topic_rate(replies, prompts, threshold=0.6) == 1.0
    assert on_topic_rate(replies, prompts, threshold=0.61) == 0.5


@pytest.mark.parametrize(("n_replies", "n_prompts"), [(3, 2), (1, 1), (0, 0)])
def test_shapes_that_do_not_fit_are_refused(n_replies, n_prompts):
    arrays = (np.ones((n, 2), dtype=np.float32) for n in (n_replies, n_prompts))
    with pytest.raises(ValueError, match="at least two"):
        on_topic_rate(*arrays)


def test_a_tie_is_half_a_win():
    assert win_rate([0.5, 0.5, 0.5, 0.5], [0.1, 0.5, 0.9, 0.4]) == pytest.approx(2.5 / 4)
    assert win_rate([], []) == 0.0


def test_a_topic_is_measured_at_once():
    replies, prompts = np.stack([X, X]), np.stack([X, Y])
    metrics = measure_topic(TIPS, ["a", "b"], [GOOD, GOOD], replies, prompts)
    assert (metrics.edit_cost, metrics.rules_obeyed, metrics.on_topic) == (0.0, 1.0, 0.5)
