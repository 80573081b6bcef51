"""Rows of MemoryBench's shape become dialogues and prompts, or are refused with the reason."""

import json

import pytest

from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.memorybench import TASKS, make_set, read_rows

TURNS = [
    {"role": "user", "content": "Explain tides."},
    {"role": "assistant", "content": "The moon does it."},
    {"role": "user", "content": "Too short, explain more."},
    {"role": "assistant", "content": "Gravity pulls …"},
    {"role": "user", "content": "Thanks."},
]
ACTIONS = [
    {"round": 1, "implicit_action": "dislike", "terminated": False},
    {"round": 2, "implicit_action": "like", "terminated": True},
]
TRAIN = {
    "split": "train",
    "test_idx": 3,
    "input_prompt": "Explain tides.",
    "dataset_name": "NFCats",
    "lang": "en",
    "info": "{'golden_answer': 'gravity'}",
    "dialog": repr(TURNS),
    "implicit_feedback": repr(ACTIONS),
}
TEST = {
    "split": "test",
    "test_idx": 7,
    "input_prompt": "Explain eclipses.",
    "dataset_name": "NFCats",
    "lang": "en",
    "info": '{"golden_answer": null}',
}


@pytest.fixture
def write(tmp_path):
    def written(*rows):
        path = tmp_path / "Short-Short.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        return path

    return written


def test_a_training_row_is_a_dialogue(write):
    (dialogue,) = make_set(write(TRAIN, TEST)).dialogues(0)
    assert dialogue.id == "NFCats#3"
    assert [m.content for m in dialogue.messages] == ["Explain tides."]
    assert dialogue.reply == "The moon does it."
    assert dialogue.follow_ups == ("Too short, explain more.", "Thanks.")
    assert dialogue.thumb == -1
    assert dialogue.correction is None


def test_a_test_row_is_a_prompt_with_what_the_scorer_needs(write):
    (item,) = make_set(write(TRAIN, TEST)).items(0)
    assert (item.id, item.topic) == ("NFCats#7", "NFCats")
    assert [m.content for m in item.messages] == ["Explain eclipses."]
    assert item.facts == {"lang": "en", "info": {"golden_answer": None}}


@pytest.mark.parametrize("store", [lambda value: value, json.dumps, repr])
def test_lists_come_as_lists_or_in_either_notation(write, store):
    row = TRAIN | {"dialog": store(TURNS), "implicit_feedback": store(ACTIONS)}
    dialogues, _, refused = read_rows(write(row))
    assert (dialogues[0].thumb, refused) == (-1, [])


def test_chat_messages_are_an_input_too(write):
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tides?"}]
    row = {key: value for key, value in TEST.items() if key != "input_prompt"}
    _, items, _ = read_rows(write(row | {"input_chat_messages": repr(turns)}))
    assert [m.role for m in items[0].messages] == ["system", "user"]


def test_a_dialogue_may_begin_with_a_system_turn_and_end_at_once(write):
    turns = [{"role": "system", "content": "Be brief."}, *TURNS[:2]]
    dialogues, _, _ = read_rows(write(TRAIN | {"dialog": turns, "implicit_feedback": []}))
    assert len(dialogues[0].messages) == 2
    assert (dialogues[0].follow_ups, dialogues[0].thumb) == ((), 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (TRAIN | {"split": "dev"}, "'split' is 'dev'"),
        ({k: v for k, v in TRAIN.items() if k != "split"}, "key 'split' is missing"),
        (TRAIN | {"test_idx": "3"}, "'test_idx' is a string"),
        (TRAIN | {"test_idx": True}, "'test_idx' is true or false"),
        (TRAIN | {"dataset_name": ""}, "'dataset_name' is empty"),
        (TRAIN | {"lang": None}, "'lang' is null"),
        (TRAIN | {"dialog": "[{"}, "'dialog' is text that is neither"),
        (TRAIN | {"dialog": []}, "'messages' is empty"),
        (TRAIN | {"dialog": TURNS[:1]}, "no reply of the assistant"),
        (TRAIN | {"dialog": TURNS[1:]}, "roles out of order"),
        (TRAIN | {"dialog": [{"role": "user"}]}, "has no 'content'"),
        (TRAIN | {"implicit_feedback": [{"round": 1}]}, "unknown action"),
        (TRAIN | {"implicit_feedback": "5"}, "'implicit_feedback' is a number"),
        (TEST | {"input_prompt": None}, "neither 'input_prompt' nor"),
        (TEST | {"info": "{"}, "'info' is text"),
        ({k: v for k, v in TEST.items() if k != "info"}, "key 'info' is missing"),
    ],
)
def test_malformed_rows_are_refused_with_line_and_reason(write, row, reason):
    dialogues, items, refused = read_rows(write(TRAIN | {"test_idx": 1}, row))
    assert (len(dialogues), len(items), len(refused)) == (1, 0, 1)
    assert refused[0].line == 2
    assert reason in refused[0].reason


def test_data_sets_with_a_corpus_are_refused_by_name(write):
    row = {k: v for k, v in TRAIN.items() if k != "dialog"} | {"dialog_bm25": repr(TURNS)}
    assert "LoCoMo" in read_rows(write(row))[2][0].reason


def test_an_id_twice_is_refused(write):
    assert "NFCats#3 was there before" in read_rows(write(TRAIN, TRAIN))[2][0].reason


def test_a_set_with_refused_rows_is_not_evaluated(write):
    with pytest.raises(SetUnreadable, match="1 rows are refused, the first at line 2"):
        make_set(write(TRAIN, TEST | {"lang": ""})).items(0)


def test_a_prompt_on_both_sides_is_found(write):
    with pytest.raises(SetUnreadable, match="also test prompts"):
        make_set(write(TRAIN, TEST | {"input_prompt": "Explain tides."})).items(0)


def test_a_missing_answer_is_all_that_is_scored_here(write):
    bench = make_set(write(TRAIN, TEST))
    (item,) = bench.items(0)
    assert bench.score(item, "Text.") == {"answered": 1.0}
    assert bench.score(item, " ") == {"answered": 0.0}


def test_the_fifteen_data_sets_without_a_corpus_are_in_the_four_tasks():
    names = [name for task in TASKS.values() for name in task]
    assert len(names) == len(set(names)) == 15
