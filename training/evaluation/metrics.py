"""What every answer is measured by, whatever the set. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence

from training.evaluation.sets.protocol import Metric
from training.ml.health import length_ratio, repetition_rate
from training.simulation.metrics import are_on_topic
from uno_site.inference.protocol import FloatArray

N_GRAM = 4
"""Repetition is told by word 4-grams."""

ON_TOPIC = Metric("on_topic", "On topic")
REPETITION = Metric("repetition", "Repeated 4-grams", higher_is_better=False)
LENGTH_RATIO = Metric(
    "length_ratio", "Length, base = 1", higher_is_better=False, bounds=(0.0, float("inf"))
)
PROMPT_TOKENS = Metric(
    "prompt_tokens", "Prompt tokens", higher_is_better=False, bounds=(0.0, float("inf"))
)
SECONDS = Metric("seconds", "Seconds", higher_is_better=False, bounds=(0.0, float("inf")))
FIRST_SECONDS = Metric(
    "first_seconds", "Seconds to the first word", higher_is_better=False, bounds=(0.0, float("inf"))
)
COMMON = (ON_TOPIC, REPETITION, LENGTH_RATIO, PROMPT_TOKENS, SECONDS, FIRST_SECONDS)

__all__ = ["COMMON", "common_scores", "length_ratio"]


def common_scores(
    answers: Sequence[str],
    own: FloatArray,
    answer_rows: FloatArray,
    prompt_rows: FloatArray,
) -> list[dict[str, float]]:
    """On topic and repetition of answers to prompts of one topic.

    Parameters
    ----------
    answers
        n texts.
    own
        L2-normalised embeddings of their own prompts, [n, d].
    answer_rows
        L2-normalised embeddings of the answers, [n, d].
    prompt_rows
        L2-normalised embeddings of all prompts of the topic, [m, d]: what an answer should be
        farther from, on average, than from its own.
    """
    flags = are_on_topic(answer_rows, own, prompt_rows)
    return [
        {"on_topic": float(flag), "repetition": repetition_rate(answer, N_GRAM)}
        for answer, flag in zip(answers, flags, strict=True)
    ]
