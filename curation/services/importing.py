"""Imported logs become entries; a second import of the same content adds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from curation.models import Candidate, EntryState, LogEntry
from curation.services.freezing import content_hash
from curation.services.withdrawal import NEXT_REPLY
from uno_site.interchange import ImportedLog, RowError, read_logs

BATCH = 200
MAX_ERRORS_KEPT = 200
ID_CHARS = 120

PREVIEW_ROWS = 500
PREVIEW_BYTES = 8 * 2**20
"""How far a preview reads: a page must not wait for a whole file."""
PREVIEW_LOGS = 8
PREVIEW_ERRORS = 20


@dataclass(slots=True)
class ImportReport:
    """What an import did: every log and every bad row read is in exactly one of the counts."""

    name: str
    format: str = ""
    n_added: int = 0
    n_known: int = 0
    n_bad: int = 0
    errors: list[RowError] = field(default_factory=list)

    @property
    def n_read(self) -> int:
        """Logs and bad rows seen."""
        return self.n_added + self.n_known + self.n_bad


@dataclass(slots=True)
class ImportPreview:
    """The first rows of a file as an import would read them; nothing is kept.

    ``is_whole`` says whether these are all rows of the file.
    """

    format: str
    n_rows: int = 0
    n_logs: int = 0
    n_known: int = 0
    n_bad: int = 0
    is_whole: bool = True
    logs: list[ImportedLog] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def logs_import(
    *,
    path: Path | str,
    format_name: str | None = None,
    name: str | None = None,
    on_progress: Callable[[float, int], None] = lambda share, n_read: None,
) -> ImportReport:
    """Import one file; good rows are kept whatever the bad ones are.

    Parameters
    ----------
    on_progress
        Called after every batch with the share of the file read, in [0, 1], and the logs
        and bad rows so far.

    Raises
    ------
    LogFileUnreadable
        Nothing of the file could be read.
    """
    reader = read_logs(path, format_name)
    report = ImportReport(name or Path(path).name, reader.format.title)
    for batch in _batches(reader):
        logs = [row for row in batch if isinstance(row, ImportedLog)]
        errors = [row for row in batch if isinstance(row, RowError)]
        n_added = logs_add(logs)
        report.n_added += n_added
        report.n_known += len(logs) - n_added
        report.n_bad += len(errors)
        report.errors += errors[: MAX_ERRORS_KEPT - len(report.errors)]
        on_progress(reader.share, report.n_read)
    return report


def import_preview(*, path: Path, format_name: str | None = None) -> ImportPreview:
    """Read the first rows of a file, and say what an import would do with them.

    Raises
    ------
    LogFileUnreadable
        Nothing of the file could be read.
    """
    reader = read_logs(path, format_name, stop_after=PREVIEW_BYTES)
    preview, hashes = ImportPreview(reader.format.title), set()
    for item in reader:
        if reader.n_rows > PREVIEW_ROWS or reader.is_cut:
            preview.is_whole = False
            break
        preview.n_rows = reader.n_rows
        if isinstance(item, RowError):
            preview.n_bad += 1
            preview.errors += [item][: PREVIEW_ERRORS - len(preview.errors)]
        else:
            preview.n_logs += 1
            preview.logs += [item][: PREVIEW_LOGS - len(preview.logs)]
            hashes.add(_entry(item).content_hash)
    preview.n_known = preview.n_logs - len(hashes - _known_hashes(hashes))
    return preview


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _known_hashes(hashes: Iterable[str]) -> set[str]:
    found = LogEntry.objects.filter(content_hash__in=list(hashes), source__startswith="import:")
    return set(found.values_list("content_hash", flat=True))


@transaction.atomic
def logs_add(logs: Sequence[ImportedLog]) -> int:
    """Add the logs whose content is not there yet, all or none; how many that were."""
    made: dict[str, tuple[LogEntry, ImportedLog]] = {}
    for log in logs:
        entry = _entry(log)
        made.setdefault(entry.content_hash, (entry, log))
    known = _known_hashes(made)
    new = [pair for key, pair in made.items() if key not in known]
    _ids_settle([entry for entry, _ in new])
    LogEntry.objects.bulk_create([entry for entry, _ in new])
    Candidate.objects.bulk_create(
        Candidate(entry=entry, text=log.next_reply, strategy=NEXT_REPLY)
        for entry, log in new
        if log.next_reply
    )
    return len(new)


def _ids_settle(entries: list[LogEntry]) -> None:
    """Tell rows of other content apart that have the same id: many files count from 1."""
    found = LogEntry.objects.filter(
        source__in={entry.source for entry in entries},
        external_id__in={entry.external_id for entry in entries},
    )
    taken = set(found.values_list("source", "external_id"))
    for entry in entries:
        if (entry.source, entry.external_id) in taken:
            suffix = f"#{entry.content_hash[:16]}"
            entry.external_id = entry.external_id[: ID_CHARS - len(suffix)] + suffix
        taken.add((entry.source, entry.external_id))


def entry_source(log: ImportedLog) -> str:
    """The ``source`` of a log's entry."""
    return f"import:{log.source or 'file'}"[:120]


def _entry(log: ImportedLog) -> LogEntry:
    content = {
        "messages": [{"role": turn.role, "content": turn.content} for turn in log.messages],
        "response": log.response,
        "feedback": [{"kind": signal.kind, "text": signal.text} for signal in log.feedback],
        "correction": log.correction,
    }
    if log.preferred is not None:
        content["preferred_sibling"] = log.preferred
    return LogEntry(
        **content,
        source=entry_source(log),
        external_id=log.external_id[:ID_CHARS],
        content_hash=content_hash(**content),
        query=log.messages[-1].content,
        label=(log.label or "")[:30],
        language=(log.language or "")[:10],
        licence=log.licence[:60],
        model=log.model[:200],
        state=EntryState.PENDING,
    )
