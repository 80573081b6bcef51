"""Duplicate rules become one; what only looks alike does not."""

import numpy as np
import pytest

from curation.ml.dedupe import DedupeConfig, merge_rules, normalise_rule


def at_angles(*cosines):
    """Unit vectors whose cosine to the first is as given."""
    return np.array([[c, np.sqrt(1 - c * c)] for c in cosines])


def test_the_same_text_is_one_rule_whatever_the_embedding():
    merged = merge_rules(["Be brief.", " be  BRIEF"], at_angles(1.0, 0.0))
    assert merged.groups == ((0, 1),)
    assert normalise_rule("- Be Brief!") == "be brief"


@pytest.mark.parametrize(("cosine", "n_groups"), [(0.8501, 1), (0.8499, 2)])
def test_near_rules_merge_from_the_threshold_on(cosine, n_groups):
    merged = merge_rules(["Mention the price.", "Tell the price."], at_angles(1.0, cosine))
    assert len(merged.groups) == n_groups


def test_the_threshold_is_a_setting():
    rules, embeddings = ["Mention the price.", "Tell the price."], at_angles(1.0, 0.7)
    assert len(merge_rules(rules, embeddings, DedupeConfig(0.7 - 1e-6)).groups) == 1


def test_other_numbers_and_quotations_are_other_rules():
    same = at_angles(1.0, 1.0, 1.0, 1.0)
    rules = [
        "Use at most 2 sentences.",
        "Use at most 5 sentences.",
        'Begin with "Hi,".',
        'Begin with "Hello,".',
    ]
    assert merge_rules(rules, same).groups == ((0,), (1,), (2,), (3,))


def test_opposites_are_flagged_and_not_merged():
    rules = ["Keep the answer shorter.", "Be kind.", "Make the answer longer."]
    merged = merge_rules(rules, at_angles(1.0, 0.0, 0.99))
    assert merged.groups == ((0,), (1,), (2,))
    assert merged.contradictions == ((0, 2),)


def test_the_first_rule_stands_for_its_group():
    rules = ["Mention the price.", "Be kind.", "Tell the price.", "Name the price."]
    merged = merge_rules(rules, at_angles(1.0, 0.0, 0.9, 0.95))
    assert merged.groups == ((0, 2, 3), (1,))
    assert merged.representatives == (0, 1)


def test_no_rules():
    assert merge_rules([], []).groups == ()
