"""GSM8K: the final number, however it is written."""

from decimal import Decimal
from pathlib import Path

import pytest

from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.gsm8k import Gsm8k, final_number, make_set

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("#### 18", 18),
        ("She makes $18 every day.", 18),
        ("The answer is 18. That is 2 more than 16.", 18),
        ("Answer: 1,200.50 dollars", Decimal("1200.5")),
        ("3 + 4 = 7\nso 7 * 2 = 14.", 14),
        ("so \\boxed{-5}", -5),
        ("-$7", -7),
        ("First answer: 3. Final answer: 4", 4),
        ("The answer is the sum of 2 and 3, which makes 5", 2),
        ("18.0", 18),
        ("none", None),
        ("The answer is unknown, though 12 was given", 12),
    ],
)
def test_final_numbers(text, number):
    assert final_number(text) == number


def test_right_and_wrong_answers():
    gsm8k = make_set(FIXTURES)
    item = gsm8k.items(0)[0]
    right = item.facts["answer"]
    assert gsm8k.score(item, f"It is {right}.") == {"exact": 1.0}
    assert gsm8k.score(item, f"It is {right}1.") == {"exact": 0.0}
    assert gsm8k.score(item, "no idea") == {"exact": 0.0}


def test_every_solution_of_the_file_is_right_by_itself():
    gsm8k = make_set(FIXTURES / "gsm8k" / "test.jsonl")
    assert len(gsm8k.items(0)) == 40
    assert gsm8k.dialogues(0) == ()


def test_a_slice_is_the_same_for_every_seed():
    gsm8k = Gsm8k(FIXTURES / "gsm8k" / "test.jsonl", n_items=5)
    assert [item.id for item in gsm8k.items(0)] == [item.id for item in gsm8k.items(9)]
    assert len(gsm8k.items(0)) == 5


def test_a_row_without_a_number_is_refused(tmp_path):
    path = tmp_path / "test.jsonl"
    path.write_text('{"question": "How many?", "answer": "many"}')
    with pytest.raises(SetUnreadable, match="line 1"):
        make_set(path).items(0)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(SetUnreadable, match=r"test\.jsonl is not in .*UNO_EVALUATION_DATA"):
        make_set(tmp_path)
