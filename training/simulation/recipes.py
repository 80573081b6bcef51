"""The recipe taste: at most six numbered steps, then "Enjoy!". Near to what models do anyway."""

from __future__ import annotations

import re

from training.simulation import phrasings
from training.simulation.tastes import Rule, Taste
from training.simulation.text import (
    finish,
    is_numbered_list,
    list_texts,
    plain_words,
    renumber,
    split_lines,
    texts_of,
)

ENDING = "Enjoy!"
N_STEPS_MIN, N_STEPS_MAX = 2, 6

_METHOD = re.compile(
    r"^\W*(?:instructions|directions|method|steps|preparation|procedure)\b", re.IGNORECASE
)


def has_numbered_steps(reply: str) -> bool:
    """Whether there are at least two lines numbered "1.", "2." and so on, and no bullets."""
    return is_numbered_list(reply, N_STEPS_MIN)


def has_few_steps(reply: str) -> bool:
    """Whether there are one to six steps: list items, or sentences where there is no list."""
    return 1 <= len(texts_of(reply)) <= N_STEPS_MAX


def ends_with_enjoy(reply: str) -> bool:
    """Whether the last line is "Enjoy!"."""
    return split_lines(reply)[-1:] == [ENDING]


def steps_of(reply: str) -> list[str]:
    """What to do, in order: the list after "Instructions", else every item or sentence."""
    lines = split_lines(reply)
    start = next((i + 1 for i, line in enumerate(lines) if _METHOD.match(line)), 0)
    method = "\n".join(lines[start:])
    items = list_texts(method) or texts_of(reply)
    return [finish(item) for item in items if len(plain_words(item, 2).split()) > 1]


def _rewrite(reply: str, prompt: str) -> str:
    steps = steps_of(reply)[:N_STEPS_MAX]
    return f"{renumber(steps)}\n\n{ENDING}" if len(steps) >= N_STEPS_MIN else _fallback(prompt)


def _fallback(prompt: str) -> str:
    """Steps that fit any dish, with the request's own words."""
    match = re.search(r"\b(?:for|make|cook|bake|prepare|of)\b(.+)", prompt)
    dish = plain_words(match[1] if match else prompt, 8).lower() or "the dish"
    steps = [f"Put together what you need for {dish}.", "Cook it gently and season to taste."]
    return f"{renumber(steps)}\n\n{ENDING}"


def _repair_steps(reply: str, prompt: str) -> str:
    steps = texts_of(reply)
    return renumber(steps) if len(steps) >= N_STEPS_MIN else _fallback(prompt)


def _repair_count(reply: str, prompt: str) -> str:
    return renumber(steps_of(reply)[:N_STEPS_MAX]) or _fallback(prompt)


def _repair_ending(reply: str, prompt: str) -> str:
    return f"{reply.rstrip()}\n\n{ENDING}".lstrip()


RECIPES = Taste(
    name="recipes",
    rules=(
        Rule(
            "steps",
            "Write the recipe as numbered steps.",
            has_numbered_steps,
            _repair_steps,
            "style",
            phrasings.RECIPES_STEPS,
        ),
        Rule(
            "few_steps",
            "Give at most six steps.",
            has_few_steps,
            _repair_count,
            "too_long",
            phrasings.RECIPES_FEW,
        ),
        Rule(
            "enjoy",
            'End with "Enjoy!".',
            ends_with_enjoy,
            _repair_ending,
            "style",
            phrasings.RECIPES_ENJOY,
        ),
    ),
    rewrite=_rewrite,
    fallback=_fallback,
)
