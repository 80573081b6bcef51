"""What is clustered: a query together with what its user wanted of the answer (UNO §2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chat.router import normalise_rows

BLOCK = 8_192
"""Rows normalised at once: their float64 copies would otherwise take gigabytes."""


def join_rules(rules: Sequence[str]) -> str:
    """The text whose embedding stands for a list of feedback rules: one rule on each line."""
    return "\n".join(rules)


def entry_features(query_embeddings: ArrayLike, rules_embeddings: ArrayLike) -> NDArray[np.float32]:
    """Features of log entries: query and rules normalised, concatenated, normalised again.

    Parameters
    ----------
    query_embeddings, rules_embeddings
        [n, d] embeddings of the queries and of the newline-joined feedback rules.

    Returns
    -------
    [n, 2d] float32 rows of length 1 (UNO §2).

    Raises
    ------
    ValueError
        The two are not equally many.
    """
    queries, rules = (np.atleast_2d(np.asarray(x)) for x in (query_embeddings, rules_embeddings))
    if len(queries) != len(rules):
        raise ValueError(f"{len(queries)} queries and {len(rules)} rule lists: one each is needed.")
    features = np.empty((len(queries), queries.shape[1] + rules.shape[1]), dtype=np.float32)
    for start in range(0, len(queries), BLOCK):
        part = slice(start, start + BLOCK)
        parts = [normalise_rows(queries[part]), normalise_rows(rules[part])]
        features[part] = normalise_rows(np.hstack(parts))
    return features
