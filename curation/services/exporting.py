"""Approved pairs on their way out: rows of a trainer's format, and where each comes from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from curation.entry_text import entry_messages
from curation.models import PairSource, PreferencePair
from curation.selectors import exportable_pairs
from uno_site.errors import InvalidInput
from uno_site.interchange.writers import WRITERS, ExportFormat, ExportPair, encode_row

BATCH = 200


@dataclass(frozen=True, slots=True)
class ExportCounts:
    """What an export would hold now: pairs, by who made the better answer, and by origin."""

    n_pairs: int
    by_maker: dict[str, int]
    by_origin: dict[str, int]


def export_format(name: str) -> ExportFormat:
    """The format called ``name``.

    Raises
    ------
    InvalidInput
        There is none.
    """
    if name not in WRITERS:
        raise InvalidInput(
            f"There is no export format {name!r}.", remedy=f"Known: {', '.join(WRITERS)}."
        )
    return WRITERS[name]


def export_counts() -> ExportCounts:
    """Count what may leave the instance."""
    rows = exportable_pairs().order_by().values_list("source", "entry__source")
    makers, origins = Counter(), Counter()
    for maker, origin in rows.iterator():
        makers[str(PairSource(maker).label)] += 1
        origins[origin] += 1
    return ExportCounts(sum(makers.values()), dict(makers.most_common()), dict(origins))


def export_rows(chosen: ExportFormat) -> Iterator[bytes]:
    """The data, in chunks of whole lines; the approved pairs at the time of the first chunk."""
    for pairs in _pair_batches():
        rows = (row for pair in pairs for row in chosen.write(_export_pair(pair)))
        yield b"".join(map(encode_row, rows))


def export_provenance(chosen: ExportFormat) -> Iterator[bytes]:
    """A line for each line of the data: its hash, origin, licence, and who decided."""
    line = 0
    for pairs in _pair_batches():
        lines = []
        for pair in pairs:
            for row in chosen.write(_export_pair(pair)):
                line += 1
                lines.append(encode_row(_origin(line, pair, encode_row(row))))
        yield b"".join(lines)


def _pair_batches() -> Iterator[list[PreferencePair]]:
    """Pairs by key rather than by an open cursor, which would hold the database while a
    slow download lasts; what is taken back in between is left out."""
    keys = list(exportable_pairs().values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        found = exportable_pairs().filter(pk__in=keys[start : start + BATCH])
        if batch := list(found):
            yield batch


def _export_pair(pair: PreferencePair) -> ExportPair:
    return ExportPair(str(pair.pk), entry_messages(pair.entry), pair.chosen, pair.rejected)


def _origin(line: int, pair: PreferencePair, row: bytes) -> dict[str, Any]:
    entry = pair.entry
    return {
        "line": line,
        "sha256": hashlib.sha256(row.rstrip(b"\n")).hexdigest(),
        "pair": str(pair.pk),
        "origin": entry.source,
        "licence": entry.licence,
        "basis": "consent of its user" if entry.user_id else "imported file",
        "chosen_by": pair.source,
        "model": entry.model,
        "approved_at": pair.reviewed_at.isoformat() if pair.reviewed_at else None,
        "is_auto_approved": pair.is_auto_approved,
    }
