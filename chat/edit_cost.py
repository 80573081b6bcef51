"""How much of a reply a user changed (arXiv 2601.19055): the word-level edit cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from nltk.tokenize import word_tokenize


def tokenize(text: str) -> list[str]:
    """Word tokens: NLTK's ``word_tokenize(text, preserve_line=True)``, which needs no download."""
    return list(word_tokenize(text, preserve_line=True))


def levenshtein(source: Sequence[str], target: Sequence[str]) -> int:
    """Fewest insertions, deletions and substitutions that turn ``source`` into ``target``."""
    vocabulary: dict[str, int] = {}
    ids = [vocabulary.setdefault(word, len(vocabulary)) for word in (*source, *target)]
    columns = np.array(ids[len(source) :], dtype=np.int64)
    offsets = np.arange(len(target) + 1)
    row = offsets.copy()  # [len(target) + 1]
    for n_rows, word in enumerate(ids[: len(source)], start=1):
        best = np.empty_like(row)
        best[0] = n_rows
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (columns != word))
        # A run of insertions costs 1 a step: take the running minimum net of the column number.
        row = np.minimum.accumulate(best - offsets) + offsets
    return int(row[-1])


def edit_cost(reply: str, edited: str) -> float:
    """Word-level Levenshtein distance divided by the number of words of ``reply``.

    0 = untouched; may exceed 1 when the user wrote more than there was. An empty reply counts
    as one word long, so that writing one from nothing costs its length.

    References
    ----------
    arXiv 2601.19055, definition of the edit cost c.
    """
    source = tokenize(reply)
    return levenshtein(source, tokenize(edited)) / max(1, len(source))


def wording_similarity(first: str, second: str) -> float:
    """1 − word-level Levenshtein distance divided by the words of the longer text, in [0, 1].

    Unlike the edit cost it is the same both ways: a short answer to a short correction is not
    worse off than a long one, whose edit cost can hardly pass 1. Two empty texts are the same.
    """
    words, others = tokenize(first), tokenize(second)
    longer = max(len(words), len(others))
    return 1.0 - levenshtein(words, others) / longer if longer else 1.0
