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
#: Repetitions within repetitions of a pattern, multiplied: each may end at any place, and llama.cpp
#: follows all of them at once (30 by 30 take 6 seconds a token).
MAX_NESTED_REPETITIONS = 100
#: Repetitions of what may be empty, such as (a?){0,200}: each of them may have been left out.
MAX_EMPTY_REPETITIONS = 4
#: Ways in which one value may begin; llama.cpp looks for left recursion along each of them.
MAX_OPENINGS = 1000
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_ESCAPED_OR_CLASS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]", re.DOTALL)
_MARKS = re.compile(r"\(|\)(?:\{[^}]*\})?|\{[^}]*\}")
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
    for found, most, where in (
        (_n_repeated(pattern), MAX_REPETITIONS, "in all"),
        (_n_nested(pattern), MAX_NESTED_REPETITIONS, "within each other"),
        (_n_empty(pattern), MAX_EMPTY_REPETITIONS, "what may be empty"),
    ):
        if found > most:
            raise schema_refused(
                f"pattern {pattern[:80]!r} repeats {found} times {where}; at most {most} are taken"
            )


def check_openings(schema: Any) -> None:
    """Look at how many ways there are for each value of a schema to begin.

    Raises
    ------
    EngineRefused
        Choices of choices make more than :data:`MAX_OPENINGS`.
    """
    known: dict[str, int] = {}
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            n_openings = _n_openings(part, schema, known)
            if n_openings > MAX_OPENINGS:
                raise schema_refused(
                    f"one of its values may begin in {n_openings} ways; "
                    f"at most {MAX_OPENINGS} are taken"
                )
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _n_openings(part: Any, root: Any, known: dict[str, int]) -> int:
    """Choices that are met before anything is written; ``known`` has those of references, and a
    reference that leads to itself counts once."""
    if not isinstance(part, Mapping):
        return 1
    if isinstance(name := part.get("$ref"), str):
        if name not in known:
            known[name] = 1
            known[name] = _n_openings(_resolve(name, root), root, known)
        return known[name]
    for key in ("anyOf", "oneOf"):
        if isinstance(options := part.get(key), list):
            return sum(_n_openings(option, root, known) for option in options)
    return 1


def _resolve(name: str, root: Any) -> Any:
    for step in name.removeprefix("#/").split("/"):
        root = root.get(step) if isinstance(root, Mapping) else None
    return root


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
    return sum(_most(quantifier) for quantifier in re.findall(r"\{([^}]*)\}", bare))


def _n_nested(pattern: str) -> int:
    """The greatest product of the quantifiers of groups and of what is in them; 0 where no
    repetition is within another."""
    groups, worst = [1], 0
    for mark in _MARKS.findall(_ESCAPED_OR_CLASS.sub("a", pattern)):
        if mark == "(":
            groups.append(1)
        elif mark[0] == ")":
            within = groups.pop() if len(groups) > 1 else 1
            count = max(1, _most(mark[2:-1]))
            if within > 1 and count > 1:
                worst = max(worst, within * count)
            groups[-1] = max(groups[-1], within * count)
        else:
            groups[-1] = max(groups[-1], _most(mark[1:-1]))
    return worst


def _n_empty(pattern: str) -> int:
    """The greatest quantifier of a group that may be empty."""
    # Of the same length, so that a place in one is the same place in the other.
    bare = _ESCAPED_OR_CLASS.sub(lambda found: "a" * len(found.group()), pattern)
    begins, worst = [], 0
    for mark in _MARKS.finditer(bare):
        if mark.group() == "(":
            begins.append(mark.end())
        elif mark.group().startswith("){") and begins:
            if _may_be_empty(pattern[begins.pop() : mark.start()]):
                worst = max(worst, _most(mark.group()[2:-1]))
        elif mark.group() == ")" and begins:
            begins.pop()
    return worst


def _may_be_empty(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, "") is not None
    except re.error:  # the converter will say what is wrong with it
        return False


def _most(quantifier: str) -> int:
    return max((int(number) for number in quantifier.split(",") if number.strip()), default=0)
