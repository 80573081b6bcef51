"""The plan taste: at most five numbered points, then a question. Near to what models do anyway."""

from __future__ import annotations

import re

from training.simulation import phrasings
from training.simulation.tastes import Rule, Taste
from training.simulation.text import (
    finish,
    is_numbered_list,
    plain_words,
    renumber,
    split_lines,
    texts_of,
)

N_POINTS_MIN, N_POINTS_MAX = 2, 5
QUESTION = "Does this plan suit you, or shall I change something?"


def has_numbered_points(reply: str) -> bool:
    """Whether there are at least two numbered lines and no bullets."""
    return is_numbered_list(reply, N_POINTS_MIN)


def has_few_points(reply: str) -> bool:
    """Whether there are one to five points: list items, or sentences where there is no list."""
    points = [text for text in texts_of(reply) if not text.endswith("?")]
    return 1 <= len(points) <= N_POINTS_MAX


def ends_with_question(reply: str) -> bool:
    """Whether the last line asks something."""
    return reply.rstrip().endswith("?")


def points_of(reply: str) -> list[str]:
    """The points of the plan: list items, or sentences where there is no list."""
    texts = [text for text in texts_of(reply) if not text.endswith(("?", ":"))]
    return [finish(text) for text in texts if len(plain_words(text, 2).split()) > 1]


def _rewrite(reply: str, prompt: str) -> str:
    points = points_of(reply)[:N_POINTS_MAX]
    if len(points) < N_POINTS_MIN:
        return _fallback(prompt)
    return f"{renumber(points)}\n\n{QUESTION}"


def _fallback(prompt: str) -> str:
    """A plan that fits anything, with the request's own words."""
    match = re.search(r"\b(?:plan(?:ning)?(?: for| of| to)?|to)\b(.+)", prompt, re.IGNORECASE)
    goal = plain_words(match[1] if match else prompt, 8).lower() or "it"
    points = [f"Write down what matters for {goal}.", "Fix a date and gather what you need."]
    return f"{renumber(points)}\n\n{QUESTION}"


def _repair_list(reply: str, prompt: str) -> str:
    points = points_of(reply)
    closing = split_lines(reply)[-1] if ends_with_question(reply) else ""
    listed = renumber(points) if len(points) >= N_POINTS_MIN else _fallback(prompt)
    return "\n\n".join(part for part in (listed, closing) if part)


def _repair_count(reply: str, prompt: str) -> str:
    closing = split_lines(reply)[-1] if ends_with_question(reply) else ""
    listed = renumber(points_of(reply)[:N_POINTS_MAX]) or _fallback(prompt)
    return "\n\n".join(part for part in (listed, closing) if part)


def _repair_question(reply: str, prompt: str) -> str:
    return f"{reply.rstrip()}\n\n{QUESTION}".lstrip()


PLANS = Taste(
    name="plans",
    rules=(
        Rule(
            "points",
            "Write the plan as a numbered list.",
            has_numbered_points,
            _repair_list,
            "style",
            phrasings.PLANS_LIST,
        ),
        Rule(
            "few_points",
            "Give at most five points.",
            has_few_points,
            _repair_count,
            "too_long",
            phrasings.PLANS_FEW,
        ),
        Rule(
            "question",
            "End with a question to the user.",
            ends_with_question,
            _repair_question,
            "style",
            phrasings.PLANS_QUESTION,
        ),
    ),
    rewrite=_rewrite,
    fallback=_fallback,
)
