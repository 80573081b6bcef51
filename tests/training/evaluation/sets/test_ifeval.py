"""IFEval as a set: prompts, scores of a whole prompt, a slice that never changes."""

import json
from pathlib import Path

import pytest

from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.ifeval import IfEval, make_set
from training.evaluation.sets.ifeval_checks import CHECKS
from training.evaluation.sets.protocol import Item

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
ITEM = Item(
    "1",
    (),
    facts={
        "kinds": ["punctuation:no_comma", "startend:quotation"],
        "arguments": [{}, {}],
    },
)


def test_the_sample_holds_every_kind():
    kinds = {kind for item in make_set(FIXTURES).items(0) for kind in item.facts["kinds"]}
    assert kinds == CHECKS.keys()


def test_every_instruction_of_the_sample_can_be_checked():
    ifeval = make_set(FIXTURES)
    for item in ifeval.items(0):
        scores = ifeval.score(item, "An answer, of 7 words, to it.")
        assert scores.keys() == {metric.name for metric in ifeval.metrics}
        assert scores["strict"] <= scores["strict_share"] <= 1.0
        assert scores["strict"] <= scores["loose"]


def test_half_of_the_instructions_strictly_and_all_of_them_loosely():
    scores = make_set(FIXTURES).score(ITEM, 'Well, here:\n"No commas."')
    assert scores == {"strict": 0.0, "strict_share": 0.0, "loose": 1.0, "loose_share": 1.0}
    scores = make_set(FIXTURES).score(ITEM, "No commas.")
    assert scores == {"strict": 0.0, "strict_share": 0.5, "loose": 0.0, "loose_share": 0.5}


def test_it_only_judges():
    assert make_set(FIXTURES).dialogues(0) == ()


def test_the_slice_is_the_same_for_every_seed():
    ifeval = IfEval(FIXTURES / "ifeval" / "input_data.jsonl", n_items=5)
    assert [item.id for item in ifeval.items(0)] == [item.id for item in ifeval.items(1)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"instruction_id_list": ["a:b"]}, "unknown instructions"),
        ({"kwargs": []}, "no IFEval prompt"),
        ({"prompt": ""}, "no IFEval prompt"),
    ],
)
def test_rows_that_cannot_be_scored_are_refused(tmp_path, change, reason):
    row = {"key": 1, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    path = tmp_path / "input_data.jsonl"
    path.write_text(json.dumps(row | change))
    with pytest.raises(SetUnreadable, match=reason):
        make_set(path).items(0)
