"""Imported logs become entries; a second import of the same file adds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from curation.importing.readers import read_logs
from curation.importing.records import ImportedLog, RowError
from curation.models import Candidate, EntryState, LogEntry
from curation.services.freezing import content_hash
from curation.services.withdrawal import NEXT_REPLY

BATCH = 200
MAX_ERRORS_KEPT = 200
ID_CHARS = 120


@dataclass(slots=True)
class ImportReport:
    """What an import did, row by row: every row read is in exactly one of the counts."""

    name: str
    n_added: int = 0
    n_known: int = 0
    n_bad: int = 0
    errors: list[RowError] = field(default_factory=list)

    @property
    def n_read(self) -> int:
        """Rows seen."""
        return self.n_added + self.n_known + self.n_bad


def logs_import(
    *, path: Path | str, format_name: str | None = None, name: str | None = None
) -> ImportReport:
    """Import one file; good rows are kept whatever the bad ones are.

    Raises
    ------
    LogFileUnreadable
        Nothing of the file could be read.
    """
    report = ImportReport(name or Path(path).name)
    for batch in _batches(read_logs(path, format_name)):
        logs = [row for row in batch if isinstance(row, ImportedLog)]
        errors = [row for row in batch if isinstance(row, RowError)]
        n_added = _add_batch(logs)
        report.n_added += n_added
        report.n_known += len(logs) - n_added
        report.n_bad += len(errors)
        report.errors += errors[: MAX_ERRORS_KEPT - len(report.errors)]
    return report


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


@transaction.atomic
def _add_batch(logs: list[ImportedLog]) -> int:
    """Add the logs that are not there yet; how many that were."""
    keys = {(entry_source(log), log.external_id[:ID_CHARS]): log for log in logs}
    known = set(
        LogEntry.objects.filter(
            source__in={source for source, _ in keys},
            external_id__in={external_id for _, external_id in keys},
        ).values_list("source", "external_id")
    )
    new = {key: log for key, log in keys.items() if key not in known}
    entries = LogEntry.objects.bulk_create([_entry(log) for log in new.values()])
    Candidate.objects.bulk_create(
        Candidate(entry=entry, text=log.next_reply, strategy=NEXT_REPLY)
        for entry, log in zip(entries, new.values(), strict=True)
        if log.next_reply
    )
    return len(entries)


def entry_source(log: ImportedLog) -> str:
    """The ``source`` of a log's entry."""
    return f"import:{log.source or 'file'}"[:120]


def _entry(log: ImportedLog) -> LogEntry:
    messages = [{"role": turn.role, "content": turn.content} for turn in log.messages]
    feedback = [{"kind": signal.kind, "text": signal.text} for signal in log.feedback]
    content = {
        "messages": messages,
        "response": log.response,
        "feedback": feedback,
        "correction": log.correction,
    }
    return LogEntry(
        **content,
        source=entry_source(log),
        external_id=log.external_id[:ID_CHARS],
        content_hash=content_hash(**content),
        query=messages[-1]["content"],
        label=(log.label or "")[:30],
        language=(log.language or "")[:10],
        licence=log.licence[:60],
        state=EntryState.PENDING,
    )
