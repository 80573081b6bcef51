"""The vectors of notes: of the trigger, which is what questions are searched with (of the content
where every question is meant), and of the content."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

import numpy as np
from django.db.models import Q, QuerySet

from chat.experience.models import Experience, Matching, Status
from uno_site.engine_clients import embedder_name, served_client
from uno_site.inference.errors import InferenceError

logger = logging.getLogger(__name__)

BATCH = 64
#: Only what may be shown, or may yet be, is embedded.
EMBEDDED = (Status.ACTIVE, Status.CANDIDATE, Status.QUARANTINED)


def embedded_texts(row: Experience) -> tuple[str, str]:
    """What a note's two vectors are of: what it is found by, and what it says."""
    return row.trigger or row.content, row.content


def vectors_forget(row: Experience) -> None:
    """Let go of vectors whose texts have changed; the note is not saved."""
    row.vector, row.content_vector, row.embedder = None, None, ""


def unembedded() -> QuerySet[Experience]:
    """Notes without the vectors of the embedder that is served now, but for those of rules."""
    stale = Q(vector=None) | ~Q(embedder=embedder_name()) | Q(content_vector=None)
    return Experience.objects.filter(stale, status__in=EMBEDDED, rule=None)


def experiences_embed(rows: Sequence[Experience]) -> int:
    """Embed triggers and contents of ``rows`` and keep the vectors; how many rows.

    A rule's note is left out: it is found by its cluster's centroid, and has no vector of its
    content.

    Raises
    ------
    InferenceError
        The engine cannot be reached, or does not embed.
    """
    rows = [row for row in rows if row.rule is None]
    name = embedder_name()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        found_by, said = zip(*map(embedded_texts, batch), strict=True)
        texts = [*found_by, *said]
        packed = [pack(vector) for vector in served_client().embed(texts)]
        for number, row in enumerate(batch):
            row.vector, row.content_vector = packed[number], packed[len(batch) + number]
            row.embedder = name
        Experience.objects.bulk_update(batch, ["vector", "content_vector", "embedder"])
    return len(rows)


def experience_embed_soon(row: Experience) -> None:
    """Embed now if the engine answers; otherwise the job does it when it does again."""
    try:
        experiences_embed([row])
    except InferenceError as error:
        logger.warning("Note %s is embedded later: %s", row.pk, error)


def pack(vector: np.ndarray) -> bytes:
    """A vector [d] as the column's bytes, of length 1."""
    values = np.asarray(vector, np.float64)
    length = float(np.linalg.norm(values)) or 1.0
    return bytes((values / length).astype("<f4").tobytes())


def text_hash(trigger: str, content: str, matching: str = Matching.MEANING) -> str:
    """What tells that two notes say the same, for the same questions: SHA-256, hexadecimal."""
    parts = [" ".join(text.casefold().split()) for text in (trigger, content)]
    parts += [str(matching)] * (matching != Matching.MEANING)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
