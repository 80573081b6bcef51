"""What a run's data files say for each kind of adapter."""

from __future__ import annotations

import pytest

from tests.training.pairs import make_pair
from training.services.material import numbered, training_row


def test_an_expert_learns_chosen_over_rejected() -> None:
    pair = make_pair(4)
    row = training_row("expert", pair)
    assert row == {
        "id": f"{pair.entry_id}/{pair.pair_id}",
        "messages": [{"role": "user", "content": "Question 4?"}],
        "chosen": "Better 4.",
        "rejected": "Worse 4, and much too long.",
    }


def test_a_critic_learns_to_write_the_rules_for_the_first_answer() -> None:
    row = training_row("critic", make_pair(4))
    assert row["completion"] == "1. Be brief.\n2. Be polite."
    assert row["messages"][-1]["role"] == "user"
    assert "Question 4?" in row["messages"][-1]["content"]
    assert "Worse 4, and much too long." in row["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("rules", "text"), [([], ""), (["A."], "1. A."), (["A", "B"], "1. A\n2. B")]
)
def test_rules_are_numbered_from_one(rules: list[str], text: str) -> None:
    assert numbered(rules) == text
