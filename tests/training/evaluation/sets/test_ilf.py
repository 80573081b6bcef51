"""ILF: originals pass none of their tests, people's rewrites pass them all."""

import json
from pathlib import Path

import pytest

from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.ilf import Ilf, item_of, make_set

SEED = Path(__file__).resolve().parents[3] / "fixtures" / "seed"
FILE = SEED / "ilf_feedback.jsonl"


def test_no_original_passes_and_every_rewrite_does():
    ilf = make_set(FILE)
    rows = ilf.rows[:12]
    originals = [ilf.score(item_of(row), row.response)["tests_passed"] for row in rows]
    rewrites = [ilf.score(item_of(row), row.correction)["tests_passed"] for row in rows]
    assert (sum(originals), sum(rewrites)) == (0.0, 12.0)


def test_a_rewrite_in_markdown_passes_as_well():
    ilf = make_set(FILE)
    row = ilf.rows[0]
    whole = f"Here you are:\n```python\n{row.messages[-1].content}{row.correction}\n```\nBye."
    assert ilf.score(item_of(row), whole)["tests_passed"] == 1.0


def test_an_empty_answer_fails():
    ilf = make_set(FILE)
    assert ilf.score(item_of(ilf.rows[0]), "") == {"tests_passed": 0.0}


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_held_out_is_learned_from(seed):
    ilf = Ilf(FILE, n_held_out=8)
    items, dialogues = ilf.items(seed), ilf.dialogues(seed)
    assert (len(items), len(dialogues)) == (8, 12)
    assert not {item.messages for item in items} & {one.messages for one in dialogues}


def test_seeds_hold_out_different_tasks_and_the_same_seed_the_same():
    ilf = Ilf(FILE, n_held_out=8)
    ids = [[item.id for item in ilf.items(seed)] for seed in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]


def test_a_dialogue_carries_feedback_and_rewrite():
    dialogue = Ilf(FILE, n_held_out=8).dialogues(0)[0]
    assert dialogue.follow_ups and dialogue.correction and dialogue.reply


def test_a_row_without_tests_is_refused(tmp_path):
    row = json.loads(FILE.read_text().splitlines()[0])
    del row["test"]
    path = tmp_path / "ilf.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(SetUnreadable, match="1 rows have no 'test'"):
        _ = Ilf(path).rows
