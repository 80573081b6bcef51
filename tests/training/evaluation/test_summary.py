"""From answers to the figures of a report, by hand."""

from __future__ import annotations

from training.evaluation.config import EvaluationConfig
from training.evaluation.metrics import LENGTH_RATIO, PROMPT_TOKENS
from training.evaluation.sets.protocol import Metric
from training.evaluation.summary import Answered, summarise

ADHERENCE = Metric("adherence", "Rules obeyed")


def answer(method, item, value, *, text="one two", kind="base", batch=0, topic="email", tokens=10):
    scores = {} if value is None else {"adherence": value}
    return Answered(method, 0, batch, item, topic, text, scores, kind, tokens, 1.0)


ANSWERS = [
    answer("base", "a", 0.0, text="one two three four"),
    answer("base", "b", 0.5),
    answer("base", "c", None, topic="control"),
    answer("uno", "a", 1.0, kind="expert", text="one"),
    answer("uno", "b", 0.5, tokens=30),
    answer("uno", "c", None, topic="control"),
    answer("online", "a", 0.0, batch=1),
    answer("online", "a", 1.0, batch=2, kind="expert"),
]
FOUND = summarise(
    ANSWERS, ["base", "uno", "online"], [ADHERENCE, LENGTH_RATIO, PROMPT_TOKENS], "uno"
)["methods"]


def test_means_are_over_the_answers_to_which_a_metric_applies():
    assert FOUND["uno"]["metrics"]["adherence"]["mean"] == 0.75
    assert FOUND["uno"]["metrics"]["adherence"]["n"] == 2
    assert FOUND["uno"]["n"] == 3


def test_differences_to_the_base_are_paired():
    assert FOUND["uno"]["to_base"]["adherence"]["mean"] == 0.5  # 1 − 0 and .5 − .5, over 2
    assert FOUND["base"]["to_reference"]["adherence"]["mean"] == -0.5
    assert FOUND["base"]["to_base"]["adherence"]["high"] == 0.0


def test_length_is_against_the_bases_answer_to_the_same_prompt():
    assert FOUND["uno"]["metrics"]["length_ratio"]["mean"] == (1 / 4 + 1 + 1) / 3


def test_tokens_count_every_answer():
    assert FOUND["uno"]["metrics"]["prompt_tokens"]["mean"] == 50 / 3


def test_routes_are_told_by_topic():
    assert FOUND["uno"]["routes"]["email"]["expert"]["mean"] == 0.5
    assert FOUND["uno"]["routes"]["control"]["base"]["mean"] == 1.0


def test_topics_without_the_metric_are_left_out():
    assert set(FOUND["uno"]["topics"]) == {"email"}


def test_batches_make_a_curve_and_the_last_one_is_the_result():
    assert [point["mean"] for point in FOUND["online"]["curve"]] == [0.0, 1.0]
    assert FOUND["online"]["metrics"]["adherence"]["mean"] == 1.0
    assert FOUND["uno"]["curve"] == []


def test_a_method_that_has_no_answers_yet_is_left_out():
    assert set(summarise(ANSWERS[:3], ["base", "uno"], [ADHERENCE], "uno")["methods"]) == {"base"}


def test_the_hash_tells_what_was_asked_and_the_folder_what_answers_depend_on():
    one = EvaluationConfig("simulated", ("base",), (0,), "m")
    other = EvaluationConfig("simulated", ("base", "uno"), (0, 1), "m")
    assert one.hash != other.hash
    assert one.work_key == other.work_key
    assert EvaluationConfig.from_json(other.as_json()) == other
    assert EvaluationConfig("simulated", ("base",), (0,), "n").work_key != one.work_key
