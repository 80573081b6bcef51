"""Do two notes say the same? Embeddings hardly tell 14 weeks from 40: figures and names must
agree as well."""

from __future__ import annotations

import re

from curation.ml.dedupe import normalise_rule

QUOTED = re.compile(r"\"[^\"]*\"")
FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
LITERAL = re.compile(rf"{QUOTED.pattern}|{FIGURE.pattern}")
NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][\w-]+")


def literals(text: str, kind: re.Pattern[str] = LITERAL) -> list[str]:
    """Quotations and figures in a text, or those of one ``kind``, sorted. A figure in a quotation
    is part of it."""
    if kind is FIGURE:
        text = QUOTED.sub(" ", text)
    return sorted(match.casefold() for match in kind.findall(text))


def names(text: str) -> set[str]:
    """Capitalised words that do not begin a sentence."""
    return {match.casefold() for match in NAME.findall(text)}


def same_saying(one: str, other: str, *, is_near: bool) -> bool:
    """Whether two contents are one: the same words, or near, with the same figures and names."""
    if normalise_rule(one) == normalise_rule(other):
        return True
    return is_near and literals(one) == literals(other) and names(one) == names(other)
