"""Which path comes first, computed by hand."""

import pytest

from training.ml.paths import (
    EvidenceConfig,
    Verified,
    evidence_order,
    gap_bin,
    paper_order,
    path_evidence,
)

EXPERT_FIRST, CRITIC_FIRST = ("expert", "critic"), ("critic", "expert")


@pytest.mark.parametrize(
    ("gap", "kinds"),
    [
        (0.45, CRITIC_FIRST),
        (0.4499, EXPERT_FIRST),
        (0.0, EXPERT_FIRST),
        (1.0, CRITIC_FIRST),
        (None, EXPERT_FIRST),
    ],
)
def test_the_papers_threshold_at_its_edge(gap, kinds):
    order = paper_order(gap)
    assert (order.kinds, order.policy) == (kinds, "paper")


def test_another_threshold():
    assert paper_order(0.45, threshold=0.5).kinds == EXPERT_FIRST
    assert "reaches 0.3" in paper_order(0.45, threshold=0.3).reason


@pytest.mark.parametrize(
    ("gap", "number"), [(0.0, 0), (0.1499, 0), (0.15, 1), (0.3, 2), (0.4499, 2), (0.45, 3), (1, 6)]
)
def test_bins_have_the_papers_threshold_as_an_edge(gap, number):
    assert gap_bin(gap) == number


def test_the_clusters_own_answers_count_in_full():
    # (4/2 + 6) / (4 + 8) = 2/3.
    found = path_evidence("expert", "a", 0.2, [Verified("expert", "a", 0.2, 6.0, 8)])
    assert (found.rate, found.n_queries) == (pytest.approx(2 / 3), 8)


def test_others_of_a_like_gap_count_half():
    # (4/2 + ½ · 6) / (4 + ½ · 8) = 5/8.
    found = path_evidence("expert", "a", 0.2, [Verified("expert", "b", 0.29, 6.0, 8)])
    assert (found.rate, found.n_queries) == (pytest.approx(5 / 8), 4)


@pytest.mark.parametrize("gap", [0.3, None])
def test_others_of_another_or_no_gap_say_nothing(gap):
    found = path_evidence("expert", "a", 0.2, [Verified("expert", "b", gap, 6.0, 8)])
    assert (found.rate, found.n_queries) == (0.5, 0)


def test_the_other_path_says_nothing_about_this_one():
    found = path_evidence("critic", "a", 0.2, [Verified("expert", "a", 0.2, 6.0, 8)])
    assert (found.rate, found.n_queries) == (0.5, 0)


def test_without_evidence_the_papers_rule_decides_and_says_so():
    order = evidence_order("a", 0.6, [])
    assert (order.kinds, order.policy) == (CRITIC_FIRST, "paper")
    assert order.reason.startswith("Nothing was verified here or at a like gap yet.")


def test_a_critic_that_lost_makes_way_for_the_expert():
    # (2 + 1) / (4 + 8) = ¼ is below the ½ of what was never tried.
    order = evidence_order("a", 0.6, [Verified("critic", "a", 0.6, 1.0, 8)])
    assert (order.kinds, order.policy) == (EXPERT_FIRST, "evidence")
    assert order.reason == (
        "Smoothed win rates here and at a like gap: expert 0.50, not tried yet; "
        "critic 0.25 from 8 judged answers."
    )


def test_the_path_that_won_more_often_comes_first_against_the_gap():
    known = [
        Verified("expert", "a", 0.2, 4.0, 8),  # (2 + 4) / 12 = .5
        Verified("critic", "b", 0.2, 8.0, 8),  # (2 + 4) / 8 = .75
    ]
    order = evidence_order("a", 0.2, known)
    assert order.kinds == CRITIC_FIRST
    assert [one.rate for one in order.evidence] == [0.75, 0.5]


def test_of_equal_rates_the_papers_first():
    known = [Verified("expert", "a", 0.6, 4.0, 8), Verified("critic", "a", 0.6, 4.0, 8)]
    assert evidence_order("a", 0.6, known).kinds == CRITIC_FIRST
    assert evidence_order("a", 0.1, known).kinds == EXPERT_FIRST


def test_a_stronger_prior_doubts_longer():
    known = [Verified("expert", "a", 0.6, 2.0, 2)]
    weak, strong = EvidenceConfig(prior_queries=2.0), EvidenceConfig(prior_queries=18.0)
    # (1 + 2) / (2 + 2) = .75 and (9 + 2) / (18 + 2) = .55
    assert path_evidence("expert", "a", 0.6, known, weak).rate == 0.75
    assert path_evidence("expert", "a", 0.6, known, strong).rate == 0.55
