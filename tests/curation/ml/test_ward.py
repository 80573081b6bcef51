"""Ward's tree, over single entries and over groups that stand for many."""

import numpy as np
import pytest

from curation.ml.ward import WardTree, weighted_merges

LINE = np.array([[0.0], [1.0], [4.0], [6.0]])


def test_heights_of_four_points_on_a_line():
    # 0 and 1 at 1; 4 and 6 at 2; means .5 and 5 at √(2·2·2/4)·4.5.
    tree = WardTree.of(LINE)
    assert tree.heights == pytest.approx([1.0, 2.0, np.sqrt(2) * 4.5])
    assert tree.means[tree.root] == pytest.approx([2.75])


@pytest.mark.parametrize(
    ("n_clusters", "labels"),
    [(4, [0, 1, 2, 3]), (3, [0, 0, 1, 2]), (2, [0, 0, 1, 1]), (1, [0, 0, 0, 0])],
)
@pytest.mark.parametrize("sizes", [None, np.ones(4)])
def test_labels_of_four_points_on_a_line(n_clusters, labels, sizes):
    assert WardTree.of(LINE, sizes).cut(n_clusters).tolist() == labels


def test_a_heavy_group_is_dearer_to_join():
    # Alone, 0 and 2 (distance 2) would join before 2 and 5 (distance 3). With ten entries at 0:
    # √(2·10·1/11)·2 = 2.70 against √(2·1·1/2)·3 = 3; with a hundred at 0: √(200/101)·2 = 2.81;
    # with ten at 0 and at 2: √(2·10·10/20)·2 = 6.32 against √(20/11)·3 = 4.05.
    points = np.array([[0.0], [2.0], [5.0]])
    assert weighted_merges(points, np.array([10.0, 1, 1])).heights[0] == pytest.approx(
        np.sqrt(20 / 11) * 2
    )
    heavy = weighted_merges(points, np.array([10.0, 10, 1]))
    assert heavy.children.tolist() == [[1, 2], [0, 3]]
    # The mean of 2 (ten times) and 5 is 25/11; it joins 0 at √(2·10·11/21)·25/11.
    assert heavy.heights == pytest.approx([np.sqrt(20 / 11) * 3, np.sqrt(220 / 21) * 25 / 11])


def test_groups_continue_the_tree_of_their_entries():
    """Weighted merges of groups cost what scikit-learn's merges of all their entries cost."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(12, 5)) * 10
    sizes = rng.integers(1, 9, size=12)
    entries = np.repeat(centres, sizes, axis=0)  # each group merges within itself at height 0
    exact = WardTree.of(entries)
    weighted = WardTree.of(centres, sizes.astype(float))
    assert weighted.heights == pytest.approx(exact.heights[-11:])
    for n_clusters in range(1, 13):
        of_entries = np.repeat(weighted.cut(n_clusters), sizes)
        assert exact.cut(n_clusters).tolist() == of_entries.tolist()


def test_without_weights_both_trees_are_the_same():
    rows = np.random.default_rng(1).normal(size=(60, 4))
    ours, theirs = WardTree.of(rows, np.ones(60)), WardTree.of(rows)
    assert ours.heights == pytest.approx(theirs.heights)
    assert ours.cut(7).tolist() == theirs.cut(7).tolist()
