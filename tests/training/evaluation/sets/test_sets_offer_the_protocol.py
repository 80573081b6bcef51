"""Every set here offers what a runner relies on."""

import math
from pathlib import Path

import pytest

from training.evaluation.sets import defacto, gsm8k, ifeval, ilf

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
SEED = FIXTURES / "seed"
SETS = [
    defacto.Defacto(SEED / "defacto_feedback.jsonl", n_held_out=10),
    gsm8k.make_set(FIXTURES),
    ifeval.make_set(FIXTURES),
    ilf.Ilf(SEED / "ilf_feedback.jsonl", n_held_out=10),
]


@pytest.mark.parametrize("evaluation_set", SETS, ids=lambda one: one.name)
def test_every_metric_of_every_answer_is_finite_and_within_its_bounds(evaluation_set):
    item = evaluation_set.items(0)[0]
    for answer in ("", "42", "Some words.\nAnd *others*, with a comma."):
        scores = evaluation_set.score(item, answer)
        assert list(scores) == [metric.name for metric in evaluation_set.metrics]
        for metric in evaluation_set.metrics:
            low, high = metric.bounds
            assert math.isfinite(scores[metric.name])
            assert low <= scores[metric.name] <= high


@pytest.mark.parametrize("evaluation_set", SETS, ids=lambda one: one.name)
def test_ids_are_unique_and_prompts_end_with_the_user(evaluation_set):
    items = evaluation_set.items(0)
    assert len({item.id for item in items}) == len(items)
    assert all(item.messages[-1].role == "user" for item in items)
    asked = {item.messages for item in items}
    assert not asked & {dialogue.messages for dialogue in evaluation_set.dialogues(0)}
