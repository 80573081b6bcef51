"""DeFacto: what the person's edit would still cost."""

from pathlib import Path

import pytest

from training.evaluation.sets.defacto import Defacto, make_set
from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.protocol import Item
from training.evaluation.sets.rows import prompt_of

SEED = Path(__file__).resolve().parents[3] / "fixtures" / "seed"
ITEM = Item("x", (), facts={"edit": "The bridge is closed today ."})


def score(answer):
    return make_set(SEED).score(ITEM, answer)


def test_the_edit_itself_costs_nothing():
    assert score("The bridge is closed today .") == {"edit_cost": 0.0, "similarity": 1.0}


def test_one_of_four_words_to_change_and_two_to_add():
    # four words; "open" to "closed", and "today ." missing: 3 changes
    assert score("The bridge is open") == {"edit_cost": 0.75, "similarity": 0.5}


def test_an_empty_answer_costs_every_word():
    assert score("") == {"edit_cost": 6.0, "similarity": 0.0}


def test_an_article_is_on_one_side_only():
    defacto = Defacto(SEED / "defacto_feedback.jsonl", n_held_out=10)
    held_out = {item.messages for item in defacto.items(3)}
    assert len(held_out) == 10
    assert not held_out & {dialogue.messages for dialogue in defacto.dialogues(3)}


def test_only_edited_rows_take_part():
    assert all(row.correction for row in make_set(SEED).rows)


def test_more_than_there_is_cannot_be_held_out():
    n_prompts = len({prompt_of(row) for row in make_set(SEED).rows})
    with pytest.raises(SetUnreadable, match=f"{n_prompts} of {n_prompts} prompts"):
        Defacto(SEED / "defacto_feedback.jsonl", n_held_out=n_prompts).items(0)
