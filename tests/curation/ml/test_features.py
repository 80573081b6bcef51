"""Features of log entries: normalise each half, concatenate, normalise again (UNO §2)."""

import numpy as np
import pytest

from curation.ml.features import entry_features, join_rules


def test_both_halves_weigh_the_same_whatever_their_lengths():
    features = entry_features([[3.0, 4.0]], [[0.0, 100.0]])
    expected = np.array([0.6, 0.8, 0.0, 1.0]) / np.sqrt(2)
    assert features[0] == pytest.approx(expected, abs=1e-6)


def test_rows_have_length_one():
    rng = np.random.default_rng(0)
    features = entry_features(rng.normal(size=(5, 3)), rng.normal(size=(5, 3)))
    assert features.shape == (5, 6)
    assert np.linalg.norm(features, axis=1) == pytest.approx(np.ones(5), abs=1e-6)


def test_one_rule_list_for_each_query():
    with pytest.raises(ValueError, match="2 queries and 1"):
        entry_features(np.ones((2, 3)), np.ones((1, 3)))


def test_rules_are_joined_by_newlines():
    assert join_rules(["Be brief.", "Use bullets."]) == "Be brief.\nUse bullets."
