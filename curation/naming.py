"""Names for clusters: the words that set one apart from the others (class-based TF-IDF)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

N_TERMS = 3
WORD = re.compile(r"[^\W\d_][^\W_]{2,}")
MAX_CHARS_READ = 600
"""Of each text only the beginning counts: a pasted article must not name the cluster."""
FILLER_WORDS = """
answer write make give tell please use keep mention following sentence want like say said know
think need begin begins end ends does don
"""
FILLERS = frozenset(FILLER_WORDS.split())


def name_clusters(clusters: Sequence[Sequence[str]]) -> list[str]:
    """A name for each cluster, from the texts (query and rules) of its entries.

    A term's weight is the share of the cluster's texts that hold it, times
    log(1 + average count of a cluster / count over all clusters) (c-TF-IDF over presence).
    Names are distinct; a cluster without any term is called "Cluster n".
    """
    counts = [Counter(term for text in texts for term in set(_terms(text))) for texts in clusters]
    total: Counter[str] = sum(counts, Counter())
    average = sum(total.values()) / max(len(clusters), 1)
    names: list[str] = []
    for number, (count, texts) in enumerate(zip(counts, clusters, strict=True), start=1):
        weights = {
            term: n / len(texts) * log(1 + average / total[term]) for term, n in count.items()
        }
        best = sorted(weights, key=lambda term: (-weights[term], term))[:N_TERMS]
        names.append(_distinct(", ".join(best).capitalize() or f"Cluster {number}", names))
    return names


def _terms(text: str) -> list[str]:
    words = (word.lower() for word in WORD.findall(text[:MAX_CHARS_READ]))
    return [word for word in words if word not in ENGLISH_STOP_WORDS and word not in FILLERS]


def _distinct(name: str, taken: Sequence[str]) -> str:
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name} ({number})", number + 1
    return candidate
