"""The 80/20 split of a cluster's pairs: seeded, by prompt, refused when too small."""

from __future__ import annotations

import pytest

from tests.training.pairs import make_pair, make_pairs
from training.services.material import SPLIT, split_pairs, verification_rows
from uno_site.errors import InvalidInput


@pytest.mark.parametrize(
    ("n", "n_validation"),
    [
        (10, 5),  # the minimum
        (17, 5),  # a third
        (21, 7),
        (24, 8),  # enough to lose one and still be accepted
        (40, 8),
        (50, 10),  # a fifth (UNO §4)
        (100, 20),
    ],
)
def test_how_many_are_held_out(n: int, n_validation: int) -> None:
    split = split_pairs(make_pairs(n), seed=0)
    assert (len(split.train), len(split.validation)) == (n - n_validation, n_validation)


def test_small_clusters_still_have_a_minimum_of_validation_prompts() -> None:
    split = split_pairs(make_pairs(SPLIT.min_prompts), seed=0)
    assert len(split.validation) == SPLIT.min_validation == 5
    assert len(split.train) == SPLIT.min_train == 5


def test_too_few_prompts_are_refused_with_the_number_missing() -> None:
    with pytest.raises(InvalidInput, match=r"has 6 approved prompts.*4 more entries"):
        split_pairs(make_pairs(6), seed=0)


def test_an_empty_cluster_is_refused() -> None:
    with pytest.raises(InvalidInput, match="has 0 approved prompts; training needs 10"):
        split_pairs([], seed=0)


def test_the_order_of_the_pairs_does_not_matter_but_the_seed_does() -> None:
    pairs = make_pairs(20)
    first = split_pairs(pairs, seed=1)
    assert split_pairs(pairs[::-1], seed=1).validation == first.validation
    assert split_pairs(pairs, seed=2).validation != first.validation


def test_pairs_of_one_prompt_stay_on_one_side() -> None:
    pairs = [*make_pairs(10), *(make_pair(n, chosen=f"Other {n}") for n in range(10))]
    split = split_pairs(pairs, seed=3)
    trained = {pair.messages[-1]["content"] for pair in split.train}
    asked = {pair.messages[-1]["content"] for pair in split.validation}
    assert not trained & asked
    assert len(split.train) + len(split.validation) == 20


def test_a_prompt_is_asked_once_in_verification() -> None:
    rows = verification_rows([make_pair(1), make_pair(1, chosen="Another"), make_pair(2)])
    assert [row["messages"][-1]["content"] for row in rows] == ["Question 1?", "Question 2?"]
    assert rows[0]["chosen"] == "Better 1."
