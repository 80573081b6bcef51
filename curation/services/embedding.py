"""Embeddings of entries, computed once and kept on the row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from curation.ml.features import join_rules
from curation.models import LogEntry, Rule
from curation.vectors import pack_vector
from uno_site.engine_clients import embedder_name, served_client

BATCH = 64
MAX_CHARS = 4_000
"""More than an embedder reads (MiniLM: 256 tokens); the rest would only be carried about."""


def entries_embed(
    entries: Sequence[LogEntry],
    rules: dict[object, list[Rule]],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Embed queries and newline-joined rules where that is still to be done; how many entries.

    The query is embedded as serving does it: the user's last message, alone.
    """
    name = embedder_name()
    waiting = [
        entry
        for entry in entries
        if entry.embedder != name
        or entry.has_new_rules
        or not (entry.query_embedding and entry.rules_embedding)
    ]
    for start in range(0, len(waiting), BATCH):
        _embed_batch(waiting[start : start + BATCH], rules, name)
        on_progress(min(start + BATCH, len(waiting)), len(waiting))
    return len(waiting)


def _embed_batch(entries: Sequence[LogEntry], rules: dict[object, list[Rule]], name: str) -> None:
    queries = [entry.query[:MAX_CHARS] for entry in entries]
    joined = [join_rules([rule.text for rule in rules[entry.pk]])[:MAX_CHARS] for entry in entries]
    vectors = served_client().embed([*queries, *joined])
    for entry, query, rule in zip(
        entries, vectors[: len(entries)], vectors[len(entries) :], strict=True
    ):
        entry.query_embedding, entry.rules_embedding = pack_vector(query), pack_vector(rule)
        entry.embedder, entry.has_new_rules = name, False
    made = ["query_embedding", "rules_embedding", "embedder", "has_new_rules"]
    LogEntry.objects.bulk_update(entries, made)
