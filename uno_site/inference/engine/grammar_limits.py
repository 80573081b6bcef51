"""How large a grammar may be: llama.cpp's parser is recursive, and a crash ends the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from uno_site.inference.errors import EngineRefused

#: llama.cpp refuses a repetition that may end at more than so many places.
MAX_REPETITIONS = 1000
MAX_GRAMMAR_CHARS = 1_000_000
#: Groups within groups; 20,000 of them overflow a stack of 8 MB.
MAX_GRAMMAR_DEPTH = 2000
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_ESCAPED_OR_CLASS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]", re.DOTALL)
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]', re.DOTALL)


def schema_refused(what: str) -> EngineRefused:
    """The refusal of a schema; ``what`` names the part that is in the way."""
    return EngineRefused(
        f"The JSON schema cannot be enforced by a grammar: {what}.",
        remedy="Use types, properties, required, items, lengths, enum, const and integer bounds.",
    )


def check_repetitions(schema: Any) -> None:
    """Look at one part of a schema before its repetitions are written out.

    Raises
    ------
    EngineRefused
        A length, a number of items or a pattern's quantifiers exceed :data:`MAX_REPETITIONS`.
    ValueError
        A quantifier of the pattern is no number.
    """
    if not isinstance(schema, Mapping):
        return
    for key in _COUNTS:
        value = schema.get(key)
        if isinstance(value, int | float) and value > MAX_REPETITIONS:
            raise schema_refused(f"{key} is {value}; at most {MAX_REPETITIONS} is taken")
    pattern = str(schema.get("pattern", ""))
    n_repeated = _n_repeated(pattern)
    if n_repeated > MAX_REPETITIONS:
        raise schema_refused(
            f"pattern {pattern[:80]!r} repeats {n_repeated} times; "
            f"at most {MAX_REPETITIONS} in all are taken"
        )


def check_size(n_chars: int) -> None:
    """Look at the length of a grammar.

    Raises
    ------
    EngineRefused
        It exceeds :data:`MAX_GRAMMAR_CHARS`.
    """
    if n_chars > MAX_GRAMMAR_CHARS:
        raise schema_refused(
            f"its grammar has {n_chars} characters or more; at most {MAX_GRAMMAR_CHARS} are taken"
        )


def check_depth(grammar: str) -> None:
    """Look at the groups of a GBNF grammar.

    Raises
    ------
    EngineRefused
        They are nested deeper than :data:`MAX_GRAMMAR_DEPTH`.
    """
    marks = re.findall(r"[()]", _QUOTED.sub("", grammar))
    depth = max(accumulate(1 if mark == "(" else -1 for mark in marks), default=0)
    if depth > MAX_GRAMMAR_DEPTH:
        raise schema_refused(
            f"its grammar has {depth} groups within each other; "
            f"at most {MAX_GRAMMAR_DEPTH} are taken"
        )


def _n_repeated(pattern: str) -> int:
    """The sum of what the quantifiers ``{n}``, ``{n,}`` and ``{m,n}`` write out."""
    bare = _ESCAPED_OR_CLASS.sub("", pattern)
    return sum(
        max((int(number) for number in quantifier.split(",") if number.strip()), default=0)
        for quantifier in re.findall(r"\{([^}]*)\}", bare)
    )
