"""Prompts outside every cluster: which they are, and their figures by hand."""

from __future__ import annotations

from math import exp, expm1

import pytest

from training.evaluation.outside import summarise_outside
from training.evaluation.sets.outside import SIZES, OutsideSet, inside_topics, outside_of
from training.evaluation.sets.registry import load_set
from training.evaluation.sets.regression import RegressionConfig
from training.evaluation.strangers import load_strangers
from training.evaluation.summary import Answered
from training.simulation import ALL_TOPICS
from training.simulation.prompts import load_prompts

FULL = OutsideSet(RegressionConfig())


def row(method, item, kind="base", seed=0, batch=0, topic=None, **scores):
    topic = topic or f"outside/{item.split('/')[0]}"
    return Answered(method, seed, batch, item, topic, "", scores, kind, 0, 0.0)


def test_prompts_of_the_sets_topics_are_left_out():
    ids = [item.id for item in FULL.items(0)]
    assert len(ids) == len(set(ids)) == 100
    email = OutsideSet(RegressionConfig(), ("email",))
    left_out = set(ids) - {item.id for item in email.items(0)}
    assert left_out == {i for i, topic in inside_topics().items() if topic == "email"} - {"text/1"}
    assert [one.id for one in email.passages()] == [f"text/{n}" for n in (0, 2, 3, 4, 5)]


def test_every_label_names_a_prompt_and_a_topic():
    known = {item.id for item in FULL.items(0)} | {one.id for one in FULL.passages()}
    known |= {f"control-{number:02}" for number in range(len(load_prompts("control")))}
    assert inside_topics().keys() <= known
    assert set(inside_topics().values()) <= set(ALL_TOPICS)


def test_a_set_says_what_was_learned():
    assert outside_of(load_set("simulated-quick"), "small").topics == ("email", "tips")
    assert outside_of(load_set("simulated"), "full").topics == tuple(ALL_TOPICS)
    assert len(outside_of(load_set("simulated-quick"), "small").items(0)) <= 20
    assert set(SIZES) == {"small", "full"}


def test_the_strangers_are_none_of_the_prompts_that_judge():
    judging = {item.messages[-1].content for item in FULL.items(0)} | set(load_prompts("control"))
    assert not judging & set(load_strangers())


def test_a_passage_is_asked_for_by_its_first_sentence():
    first = FULL.passages()[0]
    assert first.request.content == (
        "Continue this text. A kettle that switches itself off too early is usually not broken."
    )
    assert first.text.startswith("Inside the lid")


def test_each_prompt_is_scored_as_its_set_does():
    word_problem = next(item for item in FULL.items(0) if item.topic == "outside/gsm8k")
    answer = f"The answer is {word_problem.facts['answer']}."
    assert FULL.score(word_problem, answer) == {"exact": 1.0}
    instruction = next(item for item in FULL.items(0) if item.topic == "outside/ifeval")
    assert set(FULL.score(instruction, "no")) == {
        "strict",
        "strict_share",
        "loose",
        "loose_share",
    }


def test_left_alone_is_passed():
    rows = [
        row(method, item, **scores)
        for method in ("base", "uno")
        for item, scores in {
            "ifeval/1": {"strict": 1.0, "loose": 1.0},
            "gsm8k/1": {"exact": 0.0},
            "text/0": {"surprise": 2.0},
        }.items()
    ]
    found = summarise_outside(rows, ["base", "uno"], FULL)["uno"]
    assert found["base_share"]["mean"] == 1.0
    assert found["has_passed"] is True
    assert found["findings"] == []
    assert found["to_base"]["strict"] == {"mean": 0.0, "low": 0.0, "high": 0.0, "n": 1}
    assert found["metrics"]["perplexity"]["mean"] == pytest.approx(exp(2.0))


def test_what_was_taken_is_told_with_its_price():
    rows = [
        row("base", "ifeval/1", strict=1.0, loose=1.0),
        row("base", "ifeval/2", strict=1.0, loose=1.0),
        row("base", "gsm8k/1", exact=1.0),
        row("base", "text/0", surprise=2.0),
        row("base", "text/2", surprise=3.0),
        row("uno", "ifeval/1", "expert", strict=0.0, loose=1.0),
        row("uno", "ifeval/2", strict=1.0, loose=1.0),
        row("uno", "gsm8k/1", exact=1.0),
        row("uno", "text/0", "expert", surprise=2.2),
        row("uno", "text/2", surprise=3.0),
    ]
    found = summarise_outside(rows, ["base", "uno"], FULL)["uno"]
    assert (found["base_share"]["mean"], found["n"]) == (0.6, 5)
    assert found["groups"]["IFEval"]["mean"] == 0.5
    assert found["groups"]["GSM8K"]["mean"] == 1.0
    assert found["to_base"]["strict"]["mean"] == -0.5
    assert found["to_base"]["loose"]["mean"] == 0.0
    assert found["to_base"]["perplexity"]["mean"] == pytest.approx(expm1(0.1))
    assert found["has_passed"] is False
    words = " ".join(found["findings"])
    assert "IFEval fell" in words
    assert "Perplexity rose" in words
    assert "3 of 5 prompts" in words
    assert "GSM8K" not in words


def test_the_sets_control_prompts_count_for_the_share_but_not_those_of_a_topic():
    rows = [row("uno", "gsm8k/1", exact=1.0)]
    rows += [row("uno", f"control-{n:02}", "expert", topic="control") for n in (4, 5)]
    all_topics = summarise_outside(rows, ["uno"], OutsideSet(RegressionConfig(), ("explain",)))
    assert all_topics["uno"]["n"] == 2  # control-05 asks for an explanation
    assert all_topics["uno"]["groups"]["Control prompts"]["mean"] == 0.0
    assert summarise_outside(rows, ["uno"], FULL)["uno"]["n"] == 3


def test_prompts_that_only_the_base_has_answered_do_not_count():
    rows = [
        row(method, item, **scores)
        for method in ("base", "uno")
        for item, scores in {
            "ifeval/1": {"strict": 0.0, "loose": 0.0},
            "gsm8k/1": {"exact": 0.0},
            "text/0": {"surprise": 2.0},
        }.items()
    ]
    rows += [row("base", "ifeval/2", strict=1.0, loose=1.0), row("base", "text/2", surprise=0.1)]
    assert summarise_outside(rows, ["base", "uno"], FULL)["uno"]["findings"] == []


def test_without_everything_there_is_no_verdict():
    rows = [row("base", "gsm8k/1", exact=1.0), row("base", "control-00", topic="control")]
    found = summarise_outside(rows, ["base", "cipher"], FULL)
    assert found["base"]["has_passed"] is None
    assert "cipher" not in found


def test_only_the_last_batch_counts():
    rows = [
        row("online", "gsm8k/1", batch=5, exact=1.0),
        row("online", "control-00", "expert", batch=4, topic="control"),
        row("online", "control-00", batch=5, topic="control"),
    ]
    assert summarise_outside(rows, ["online"], FULL)["online"]["base_share"]["mean"] == 1.0
