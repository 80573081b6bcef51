"""The pros-and-cons taste: a table of at most three rows with short cells, and nothing else."""

from __future__ import annotations

import re

from training.simulation import phrasings
from training.simulation.tastes import Rule, Taste
from training.simulation.text import (
    has_placeholder,
    list_items,
    list_texts,
    plain_words,
    sentences_of,
    split_lines,
    tidy,
    without_repeats,
)

HEADER = "| Pros | Cons |"
SEPARATOR = "| --- | --- |"
N_ROWS_MAX = 3
N_WORDS_MAX = 8

_CONS = re.compile(
    r"\b(?:cons|disadvantages?|drawbacks?|downsides?|against|negatives?|challenges)\b",
    re.IGNORECASE,
)
_PROS = re.compile(r"\b(?:pros|advantages?|benefits?|upsides?|positives?)\b", re.IGNORECASE)
_HEAD = re.compile(r"^([^:.!?]{3,60}?)\s*(?::|\s[-–—]\s)")
_BREAK = re.compile(r"[,.;:!?(|]")


def table_rows(reply: str) -> list[list[str]]:
    """The cells of a table's rows, header and separator left out; none where it is no table."""
    lines = split_lines(reply)
    if lines[:1] != [HEADER] or not re.fullmatch(r"\|(?:\s*:?-+:?\s*\|){2}", "".join(lines[1:2])):
        return []
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def is_table(reply: str) -> bool:
    """Whether there is nothing but a table "Pros", "Cons" with two cells in every row."""
    rows, lines = table_rows(reply), split_lines(reply)
    is_framed = all(line.startswith("|") and line.endswith("|") for line in lines)
    return bool(rows) and is_framed and all(len(row) == 2 for row in rows)


def has_few_points(reply: str) -> bool:
    """Whether there are one to three points a side: rows, or six list items or sentences."""
    rows = table_rows(reply)
    if rows:
        return len(rows) <= N_ROWS_MAX
    return 1 <= len(list_items(reply) or sentences_of(reply)) <= 2 * N_ROWS_MAX


def has_short_points(reply: str) -> bool:
    """Whether no point (a cell, an item, a sentence) is longer than eight words."""
    cells = [cell for row in table_rows(reply) for cell in row]
    points = cells or list_items(reply) or sentences_of(reply)
    return bool(points) and all(len(text.split()) <= N_WORDS_MAX for text in points)


def sides_of(reply: str) -> tuple[list[str], list[str]]:
    """The pros and the cons of a reply, short; a line that speaks of cons changes the side."""
    sides: tuple[list[str], list[str]] = ([], [])
    side = 0
    for line in split_lines(reply):
        items = list_items(line)
        if _CONS.search(line) and (not items or len(line.split()) <= 3):
            side = 0 if _PROS.search(line) else 1
        elif _PROS.search(line) and (not items or len(line.split()) <= 3):
            side = 0
        elif items:
            sides[side].append(_short(items[0]))
    pros, cons = (without_repeats([text for text in texts if text]) for texts in sides)
    return pros, cons


def _short(text: str) -> str:
    """A point in a few words: its heading where it has one, else its first clause."""
    text = tidy(text)
    match = _HEAD.match(text)
    clause = match[1] if match else _BREAK.split(text)[0]
    words = clause.split()[:N_WORDS_MAX]
    return "" if has_placeholder(clause) else " ".join(words).strip(" *_-–—|")


def _rewrite(reply: str, prompt: str) -> str:
    pros, cons = sides_of(reply)
    if not pros:
        return _fallback(prompt)
    cons = cons or pros[N_ROWS_MAX:] or ["takes time and money"]
    n_rows = min(N_ROWS_MAX, len(pros), len(cons))
    return _table(list(zip(pros[:n_rows], cons[:n_rows], strict=True)))


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join([HEADER, SEPARATOR, *(f"| {pro} | {con} |" for pro, con in rows)])


def _fallback(prompt: str) -> str:
    """A table that fits anything, with the request's own words."""
    pattern = r"\b(?:of|for|against|to|get|join|bake|adopt)\b(.+)"
    match = re.search(pattern, prompt) or re.search(r"(.+)", prompt)
    subject = plain_words(match[1] if match else "", 4).lower() or "it"
    return _table([(f"joy in {subject}", f"cost of {subject}")])


def _repair_table(reply: str, prompt: str) -> str:
    pros, cons = sides_of(reply)
    if not pros or not cons:
        return _rewrite(reply, prompt)
    n_rows = min(len(pros), len(cons))
    return _table(list(zip(pros[:n_rows], cons[:n_rows], strict=True)))


def _repair_count(reply: str, prompt: str) -> str:
    if rows := [(row[0], row[-1]) for row in table_rows(reply)]:
        return _table(rows[:N_ROWS_MAX])
    pros, cons = sides_of(reply)
    sides = (("Pros", pros[:N_ROWS_MAX]), ("Cons", cons[:N_ROWS_MAX]))
    listed = [f"{title}:\n" + "\n".join(f"- {x}" for x in side) for title, side in sides if side]
    return "\n\n".join(listed) or _fallback(prompt)


def _repair_length(reply: str, prompt: str) -> str:
    if rows := [(_short(row[0]), _short(row[-1])) for row in table_rows(reply)]:
        return _table(rows)
    points = [_short(text) for text in list_texts(reply)]
    return "\n".join(f"- {text}" for text in points if text) or _fallback(prompt)


PROSCONS = Taste(
    name="proscons",
    rules=(
        Rule(
            "table",
            "Answer with a table of the columns Pros and Cons.",
            is_table,
            _repair_table,
            "style",
            phrasings.PROS_TABLE,
        ),
        Rule(
            "few_rows",
            "Give at most three rows.",
            has_few_points,
            _repair_count,
            "too_long",
            phrasings.PROS_ROWS,
        ),
        Rule(
            "short",
            "Write at most eight words in a cell.",
            has_short_points,
            _repair_length,
            "too_long",
            phrasings.PROS_SHORT,
        ),
    ),
    rewrite=_rewrite,
    fallback=_fallback,
)
