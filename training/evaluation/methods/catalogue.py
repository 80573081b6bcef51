"""Every method by name, in the order of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.evaluation.methods.cipher import remember_preferences
from training.evaluation.methods.protocol import Method
from training.evaluation.methods.rag import remember_dialogues, remember_messages
from uno_site.errors import InvalidInput

BASE = "base"
UNO = "uno"
ONLINE = "online"

_ALL = (
    Method(
        BASE,
        "Base model",
        "Nothing is learned.",
        remember=lambda dialogues, embed: tuple,
    ),
    Method(
        "rag_bm25_messages",
        "RAG, BM25, messages",
        "The five past turns that share the most words with the question stand before it.",
        remember=remember_messages(is_by_words=True),
    ),
    Method(
        "rag_bm25_dialogues",
        "RAG, BM25, dialogues",
        "The five past dialogues that share the most words with the question stand before it.",
        remember=remember_dialogues(is_by_words=True),
    ),
    Method(
        "rag_embedding_messages",
        "RAG, embeddings, messages",
        "The five past turns nearest in meaning stand before the question.",
        remember=remember_messages(is_by_words=False),
    ),
    Method(
        "rag_embedding_dialogues",
        "RAG, embeddings, dialogues",
        "The five past dialogues nearest in meaning stand before the question.",
        remember=remember_dialogues(is_by_words=False),
    ),
    Method(
        "cipher",
        "CIPHER",
        "Preferences read off the edits in the five nearest contexts stand before the question.",
        remember=remember_preferences,
    ),
    Method(
        "notes",
        "Notes",
        "The experience store's notes that fit the question stand before it.",
        learning=None,
        has_notes=True,
    ),
    Method(
        "global",
        "One adapter, no clusters",
        "One expert learns from everything that was approved, and answers every question.",
        learning={
            "is_clustered": False,
            "is_verified": False,
            "is_noise_filtered": False,
            "is_reach_checked": False,
        },
    ),
    Method(
        "no_verifier",
        "UNO without verifier",
        "Each cluster's expert is served as its last epoch left it.",
        learning={"is_verified": False},
    ),
    Method(
        "no_gap",
        "UNO without gap",
        "Every cluster tries the expert first, whatever its gap.",
        learning={"paths": "expert_first"},
    ),
    Method(
        "no_noise_filter",
        "UNO without noise filter",
        "Clusters that are flagged as noise are trained as well.",
        learning={"is_noise_filtered": False},
    ),
    Method(
        "uno_single",
        "UNO-Single",
        "Experts where verification accepts them, the base model elsewhere.",
        learning={"paths": "expert_only"},
    ),
    Method(UNO, "UNO", "Experts and critics, as the gap asks and verification accepts."),
    Method(
        "uno_common",
        "UNO from common ground",
        "The same, but first experts begin from what all topics have in common.",
        learning={"has_common_ground": True},
    ),
    Method(
        "uno_notes",
        "UNO and notes",
        "UNO's routes, with the experience store's notes before the questions that they fit.",
        has_notes=True,
    ),
    Method(
        ONLINE,
        "UNO, online",
        "The logs arrive in five batches; the loop runs after each.",
        n_batches=5,
    ),
)
METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}


def find_methods(names: Sequence[str]) -> list[Method]:
    """The methods of these names (``all`` for every one), in the reports' order, base first.

    Raises
    ------
    InvalidInput
        A name that is not in the catalogue.
    """
    unknown = [name for name in names if name not in METHODS and name != "all"]
    if unknown or not names:
        raise InvalidInput(
            f"There is no method {', '.join(unknown) or 'given'}.",
            remedy=f"Choose from all, {', '.join(METHODS)}.",
        )
    wanted = set(METHODS) if "all" in names else {BASE, *names}
    return [method for method in _ALL if method.name in wanted]
